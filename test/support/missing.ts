import { spawnSync } from "node:child_process";

/** Which of these programs this machine does not have. */
export function missingOf(programs: readonly string[]): readonly string[] {
  return programs.filter((program) => spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0);
}
