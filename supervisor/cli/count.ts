import type { Context } from "./context.ts";

/** Reads a flag that takes a whole number. `null`: it is none, and that has been said. */
export function readCount(context: Context, flag: string, absent: number): number | null {
  const text = context.flags[flag];
  if (text === undefined) return absent;
  if (typeof text === "string" && /^\d{1,9}$/.test(text)) return Number(text);
  context.err(`supervisor ${context.verb}: --${flag}: must be a whole number of 0 or more, got '${text}'`);
  return null;
}
