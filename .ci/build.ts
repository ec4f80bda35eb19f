import { mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import { compile, isExecutableTarget, targets } from "./build/executable.ts";
import { project } from "./build/run.ts";
import { createStamp } from "./build/stamp.ts";
import { writeSums } from "./build/sums.ts";
import { pack } from "./build/tarball.ts";

/**
 * Builds what is released: `bun .ci/build.ts [--out DIR] [TARGET…]`. A target is `npm` or one of the executables, such as
 * `bun-linux-x64`; without one, all of them. Exit code 1 when one could not be built; the others are there.
 */
function main(words: readonly string[]): number {
  const [first, folder] = words;
  const named = first === "--out" ? words.slice(2) : words;
  const out = first === "--out" && folder !== undefined ? folder : join(project, "dist");
  const unknown = named.find((name) => name !== "npm" && !isExecutableTarget(name));
  if (unknown !== undefined) {
    console.error(`build: unknown target '${unknown}'; there are npm, ${targets.join(", ")}`);
    return 2;
  }
  mkdirSync(out, { recursive: true });
  const stamp = createStamp(process.env);
  const wanted = named.length > 0 ? named : ["npm", ...targets];
  const faults = wanted.flatMap((name) => {
    const built = isExecutableTarget(name) ? compile(name, out, stamp) : pack(out, stamp);
    if (built.ok) console.log(relative(process.cwd(), built.path));
    else console.error(`build ${name}: ${built.message}`);
    return built.ok ? [] : [name];
  });
  writeSums(out);
  return faults.length === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
