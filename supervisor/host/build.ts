import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/**
 * Which build this program is. Shape: `{ commit: "9fceb02…", built_at: "2026-11-22T10:00:00.000Z", form: "executable" }`.
 * `form`: `source` runs from the files of a checkout, `package` from what npm has installed, `executable` is one file with its runtime in it.
 */
export type Build = Readonly<{
  commit: string | null;
  built_at: string | null;
  form: "source" | "package" | "executable";
}>;

/** Put in by `.ci/build.ts`; a checkout has none. */
declare const SUPERVISOR_BUILD: Build | undefined;

const stamp = typeof SUPERVISOR_BUILD === "undefined" ? null : SUPERVISOR_BUILD;
const GIT_LIMIT_MS = 5_000;

/** Whether its files are not those that were written. */
export const isBuilt = stamp !== null;

/** Whether this process is one file with its runtime in it. */
export const isExecutable = stamp?.form === "executable";

/** Says which build this is. A checkout is asked for its commit; it has no time. */
export function build(): Build {
  return (
    stamp ?? { commit: commitOf(fileURLToPath(new URL("../../.git", import.meta.url))), built_at: null, form: "source" }
  );
}

/** Null where there is no git, or no repository: unknown is an honest answer. */
function commitOf(repository: string): string | null {
  const argv = [`--git-dir=${repository}`, "rev-parse", "--verify", "HEAD"];
  const { status, stdout } = spawnSync("git", argv, { encoding: "utf8", timeout: GIT_LIMIT_MS });
  return status === 0 ? stdout.trim() : null;
}
