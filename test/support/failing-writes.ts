import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./eventually.ts";

/** Why no write can be made to fail here; null when one can. */
export const strikeRefusal: string | null = findRefusal();

/**
 * Lets the next `count` writes of a process into these files fail with EIO, as those into a broken disk do; all the others go well.
 * Resolves when that is so. It lasts as long as the process: whoever lets go of it in the middle of a call gives it an answer that
 * no disk gives.
 */
export async function failWrites(pid: number, paths: readonly string[], count: number, log: string): Promise<void> {
  const files = paths.filter(existsSync).flatMap((path) => ["-P", path]);
  const inject = `inject=write,pwrite64,writev:error=EIO:when=1..${count}`;
  const strace = spawn("strace", ["-f", "-qq", "-o", log, ...files, "-e", inject, "-p", String(pid)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  strace.unref();
  await eventually(() => existsSync(log), 10_000, "writes are made to fail");
}

function findRefusal(): string | null {
  const { status, stderr, error } = spawnSync("strace", ["-o", "/dev/null", "true"], {
    encoding: "utf8",
    timeout: 5_000,
  });
  return status === 0 ? null : (error?.message ?? stderr.trim());
}

/** The files that a supervisor writes into as long as it lives, of the units that are named. */
export function writtenFiles(stateDir: string, units: readonly string[]): readonly string[] {
  const own = units.flatMap((unit) => [`logs/${unit}.log`, `logs/${unit}.log.index`, `history/${unit}.ndjson`]);
  return ["state.jsonl", "lives.jsonl", ...own].map((name) => join(stateDir, name));
}
