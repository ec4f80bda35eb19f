import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { within } from "../test/support/within.ts";
import type { Figure, Flags } from "./figure.ts";
import { median } from "./median.ts";
import { tenths } from "./quantile.ts";

/**
 * What is installed, and how long it takes until it says its first word: the package of npm, which has no dependencies, unpacked; and
 * the one executable, beside the runtime that it is made of with nothing to do.
 */
export const name = "package";
export const flags = { rounds: 30 };

const project = fileURLToPath(new URL("..", import.meta.url));
const BUN = join(project, "node_modules", ".bin", "bun");
const TARGET = "bun-linux-x64";
const BOUND_MS = 30_000;

export async function run({ rounds }: Flags<typeof flags>): Promise<Figure> {
  const out = mkdtempSync(join(tmpdir(), "sv-package-"));
  try {
    execFileSync(BUN, [".ci/build.ts", "--out", out, "npm", TARGET], { cwd: project, stdio: "ignore" });
    const tarball = readdirSync(out).find((name) => name.endsWith(".tgz")) ?? "";
    execFileSync("tar", ["-xzf", join(out, tarball), "-C", out]);
    const [executable, bare]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      executable.push(await firstWord(join(out, `supervisor-${TARGET}`), "version"));
      bare.push(await firstWord(BUN, "-e", "console.log(1)"));
    }
    const megabytes = (path: string) => tenths(bytesIn(path) / 1e6);
    return {
      columns: ["what", "MB", "first word ms", "the runtime's own ms"],
      rows: [
        ["npm package, unpacked", megabytes(join(out, "package")), "", ""],
        [`executable, ${TARGET}`, megabytes(join(out, `supervisor-${TARGET}`)), median(executable), median(bare)],
      ],
    };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

function bytesIn(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + bytesIn(join(path, name)), 0);
}

/** From the command to the first byte that it prints. */
async function firstWord(program: string, ...args: readonly string[]): Promise<number> {
  const beganAtMs = performance.now();
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"] });
  const spoken = new Promise<number>((resolve) => child.stdout.once("data", () => resolve(performance.now())));
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const spokenAtMs = await within(spoken, BOUND_MS, `${program} says something`);
  await within(ended, BOUND_MS, `${program} ends`);
  return spokenAtMs - beganAtMs;
}
