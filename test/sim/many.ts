import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Sum } from "./sum.ts";

const script = fileURLToPath(new URL("run.ts", import.meta.url));

/**
 * Runs seeds 1 … `count` in one of run.ts' ways, a share on each processor, in processes of their own.
 * Bound: `limitMs`, then the processes are killed and the promise is broken.
 */
export async function simulateMany(count: number, limitMs: number, way = "lives"): Promise<Sum> {
  const share = Math.ceil(count / availableParallelism());
  const firsts = Array.from({ length: Math.ceil(count / share) }, (_, index) => 1 + index * share);
  const sums = await Promise.all(
    firsts.map((first) => simulateShare([first, Math.min(share, count + 1 - first)], way, limitMs)),
  );
  return {
    broken: sums.flatMap(({ broken }) => broken),
    worlds: sums.reduce((all, { worlds }) => all + worlds, 0),
    handovers: sums.reduce((all, { handovers }) => all + handovers, 0),
    hashes: sums.map(({ hashes }) => hashes).join(""),
  };
}

async function simulateShare(
  share: readonly [first: number, count: number],
  way: string,
  limitMs: number,
): Promise<Sum> {
  const options = { timeout: limitMs, maxBuffer: 1 << 26 };
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...share.map(String), way], options);
  return JSON.parse(stdout) as Sum;
}
