import type { Disk } from "../daemon/ports.ts";
import type { Setting } from "../unit/setting.ts";

/** When: before the first handover, when it has proved itself, and when it was left for the one before. */
export type HookKind = "pre_deploy" | "post_deploy" | "post_rollback";

export type Hook = Readonly<{ kind: HookKind; argv: readonly [string, ...string[]]; limitMs: number }>;

/** The hooks of a release, in the order in which its own settings have them; none where those cannot be read any more. */
export function hooksOf(disk: Disk, kind: HookKind): readonly Hook[] {
  const files = disk.read();
  if (!files.ok) return [];
  const limitMs = Number(settingOf(files.value.settings, "hook_limit_ms") ?? 0);
  const lines = settingOf(files.value.settings, kind);
  return typeof lines === "string" ? argvsIn(lines).map((argv) => ({ kind, argv, limitMs })) : [];
}

/** Runs one after the other, and none after one that did not end well. Gives which that was and why, or null. */
export async function runAll(
  hooks: readonly Hook[],
  run: (hook: Hook) => Promise<string | null>,
): Promise<string | null> {
  for (const hook of hooks) {
    const why = await run(hook);
    if (why !== null) return `${hook.kind} ${hook.argv[0]}: ${why}`;
  }
  return null;
}

function settingOf(settings: readonly Setting[], key: string): Setting["value"] {
  return settings.find((setting) => setting.key === `release.${key}`)?.value ?? null;
}

/** A list is told as JSON. Source: `settingsOf`; `config/schema.ts` has checked it. */
function argvsIn(json: string): readonly Hook["argv"][] {
  return JSON.parse(json) as readonly Hook["argv"][];
}
