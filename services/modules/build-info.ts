import { readFileSync } from "node:fs";
import manifest from "../../package.json" with { type: "json" };
import type { BuildInfo } from "../kit/health.ts";

/** Put in by `.ci/build.ts`; a checkout has none. */
declare const SUPERVISOR_BUILD: Readonly<{ commit: string | null; built_at: string | null }> | undefined;

const stamp = typeof SUPERVISOR_BUILD === "undefined" ? null : SUPERVISOR_BUILD;

/**
 * Says which build this is: version from package.json, commit from `$BUILD_COMMIT`, the stamp of a built package or the git folder, time
 * from `$BUILD_TIME` or the stamp.
 * Why: no git program is started for it; a service must come up fast, and in an image there is no git.
 */
export function buildInfo(env: Readonly<Record<string, string | undefined>>): BuildInfo {
  const { commit, built_at } = stamp ?? { commit: gitCommit(), built_at: null };
  return { version: manifest.version, commit: env.BUILD_COMMIT ?? commit, built_at: env.BUILD_TIME ?? built_at };
}

function gitCommit(): string | null {
  const read = (name: string) => readFileSync(new URL(`../../.git/${name}`, import.meta.url), "utf8").trim();
  try {
    const head = read("HEAD");
    return head.startsWith("ref: ") ? read(head.slice(5)) : head;
  } catch {
    return null; // Not a checkout, or one whose refs are packed: unknown is an honest answer.
  }
}
