import { spawnSync } from "node:child_process";

const root = new URL("../..", import.meta.url).pathname;

/** Runs a script of this project on Deno and gives what it printed. Bound: `limitMs`, then it is killed and the call throws. */
export function runDeno(script: string, args: readonly string[] = [], limitMs = 60_000): string {
  const { status, stdout, stderr, error } = spawnSync(
    `${root}node_modules/.bin/deno`,
    ["run", "--allow-all", "--no-prompt", "--quiet", script, ...args],
    { encoding: "utf8", timeout: limitMs, cwd: root, maxBuffer: 1 << 26 },
  );
  if (error) throw error;
  if (status !== 0) throw new Error(`deno ${script} exited with ${status}: ${stderr}`);
  return stdout;
}
