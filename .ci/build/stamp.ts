import { build } from "../../supervisor/host/build.ts";

/** What is common to all that is built in one run. */
export type Stamp = Readonly<{ commit: string | null; built_at: string }>;

/**
 * Says which build this is.
 * Source: reproducible-builds.org, SOURCE_DATE_EPOCH (seconds): with it the same commit gives the same stamp.
 */
export function createStamp({ SOURCE_DATE_EPOCH: epoch }: Readonly<Record<string, string | undefined>>): Stamp {
  const at = epoch === undefined ? new Date() : new Date(Number(epoch) * 1000);
  return { commit: build().commit, built_at: at.toISOString() };
}

/** The flag by which the bundler writes it into the program. */
export function defineFlag(stamp: Stamp, form: "package" | "executable"): string {
  return `--define=SUPERVISOR_BUILD=${JSON.stringify({ ...stamp, form })}`;
}
