import { expect, test } from "bun:test";
import { join } from "node:path";
import { eager, isForeign } from "./house.ts";
import { readSources, type Source } from "./source.ts";

const sources = readSources(join(import.meta.dir, "../.."));
const file = (path: string, text: string): Source => ({ path, text });
const isCommand = (path: string) => path === "supervisor/main.ts" || path.startsWith("supervisor/cli/");

test("the command line loads no package before a verb asks for one", () => {
  expect(eager(isCommand, isForeign, sources)).toEqual([]);
  const slow = [
    file("supervisor/main.ts", 'import { a } from "./a.ts";'),
    file("supervisor/a.ts", 'import { z } from "zod";'),
  ];
  expect(eager(isCommand, isForeign, slow)).toEqual(["supervisor/main.ts → supervisor/a.ts → zod"]);
  const lazy = [
    file("supervisor/main.ts", 'await import("./a.ts");'),
    file("supervisor/a.ts", 'import { z } from "zod";'),
  ];
  expect(eager(isCommand, isForeign, lazy)).toEqual([]);
});

test("no start and no verb loads the texts of the manual before they are asked for", () => {
  const isStart = (path: string) => path === "supervisor/daemon-main.ts" || isCommand(path);
  const isText = (path: string) => path.startsWith("supervisor/unit/manual/");
  expect(eager(isStart, isText, sources)).toEqual([]);
  expect(eager(isStart, isText, [file("supervisor/cli/a.ts", 'import "../unit/manual/keys.ts";')])).toHaveLength(1);
});
