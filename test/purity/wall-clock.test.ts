import { expect, test } from "bun:test";
import { join } from "node:path";
import { wordFaults } from "./house.ts";
import { readSources } from "./source.ts";

const project = join(import.meta.dir, "../..");
const WALL = /\bDate\s*\.\s*now\b|\bnew\s+Date\s*\(\s*\)|(?<!new\s)\bDate\s*\(|\.\s*wall\s*\(\s*\)/g;

/** Who tells people what time it is, and nothing else. The command line is a program of its own, which decides nothing. */
const telling = [
  "supervisor/cli/",
  // The clock itself, when it is asked for that.
  "supervisor/host/clock.ts",
  // When the supervisor was started, and what happened when.
  "supervisor/daemon-main.ts",
  "supervisor/daemon/daemon.ts",
  "supervisor/daemon/status.ts",
  // What `--since "5 min ago"` is to mean, and when a line was printed or a file begun.
  "supervisor/control/logs.ts",
  "supervisor/output/",
  // Since when a remote source of settings is away.
  "supervisor/daemon/config-source.ts",
  // Whether the date has passed until which a credential may be used.
  "supervisor/host/credential/read.ts",
];

const isOurs = (path: string): boolean => path.startsWith("supervisor/") && path.endsWith(".ts");

test("B27: nobody who decides looks at the wall clock: all deadlines are on the monotonic one", () => {
  const deciding = readSources(project).filter(
    ({ path }) => isOurs(path) && !telling.some((each) => path.startsWith(each)),
  );
  expect(deciding.length).toBeGreaterThan(100);
  expect(wordFaults(WALL, deciding)).toEqual([]);
});

test("whoever may look at it does", () => {
  const looking = readSources(project).filter(({ path }) => isOurs(path));
  const unused = telling.filter((each) => {
    const theirs = looking.filter(({ path }) => path.startsWith(each));
    return wordFaults(WALL, theirs).length === 0;
  });
  expect(unused).toEqual([]);
});

test.each(["Date.now()", "new Date()", "Date()", "clock.wall().getTime()"])("%s is found in the code", (word) => {
  expect(wordFaults(WALL, [{ path: "a.ts", text: `const a = ${word};` }])).toHaveLength(1);
});
