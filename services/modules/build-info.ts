import { readFileSync } from "node:fs";
import manifest from "../../package.json" with { type: "json" };
import type { BuildInfo } from "../kit/health.ts";

/**
 * Says which build this is: version from package.json, commit from `$BUILD_COMMIT` or the git folder, time from `$BUILD_TIME`.
 * Why: no git program is started for it; a service must come up fast, and in an image there is no git.
 */
export function buildInfo(env: Readonly<Record<string, string | undefined>>): BuildInfo {
  const { version } = manifest;
  return { version, commit: env.BUILD_COMMIT ?? gitCommit(), built_at: env.BUILD_TIME ?? null };
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
