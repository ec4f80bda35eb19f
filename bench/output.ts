import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Figure } from "./figure.ts";
import { median } from "./median.ts";

/**
 * How fast a child may print: two streams of numbered lines through the supervisor's pipes into rotated, indexed files, against the
 * same lines through `cat` into one file, in turns; `output-capture.ts` measures it, in a process of its own.
 */
export const name = "output";

const SCRIPT = fileURLToPath(new URL("./output-capture.ts", import.meta.url));
const PROGRAMS = fileURLToPath(new URL("../node_modules/.bin/", import.meta.url));
const RUNTIMES = [
  ["bun", "--no-install"],
  ["deno", "run", "--allow-all", "--quiet"],
] as const;
const BOUND_MS = 300_000;
const MEGABYTES = 100;
const ROUNDS = 5;

type Round = Readonly<{ perSecond: number; cpuMs: number }>;
type Measured = Readonly<{ megabytes: number; pairs: readonly Readonly<{ captured: Round; copied: Round }>[] }>;

export async function run(): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const [runtime, ...flags] of RUNTIMES) {
    for (const manner of ["plain", "compress"]) {
      const args = [...flags, SCRIPT, String(MEGABYTES), String(ROUNDS), manner];
      const { stdout } = await promisify(execFile)(`${PROGRAMS}${runtime}`, args, { timeout: BOUND_MS });
      const { megabytes, pairs } = JSON.parse(stdout) as Measured;
      const of = (pick: (pair: Measured["pairs"][number]) => number) => median(pairs.map(pick));
      rows.push([
        runtime,
        manner,
        of(({ captured }) => captured.perSecond),
        of(({ copied }) => copied.perSecond),
        Math.round(of(({ captured, copied }) => (captured.perSecond / copied.perSecond) * 1000)) / 1000,
        of(({ captured }) => (captured.cpuMs / megabytes) * 50),
      ]);
    }
  }
  return { columns: ["runtime", "files", "MB/s", "cat MB/s", "ratio", "cpu ms per 50 MB"], rows };
}
