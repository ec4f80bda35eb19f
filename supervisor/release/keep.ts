import type { Ledger } from "./ledger.ts";
import { markOf } from "./ledger.ts";

/** `running`: the releases that a process still runs from. */
export type Keeping = Readonly<{ ledger: Ledger; running: ReadonlySet<string>; keep: number }>;

/**
 * The releases that are one too many, of all in the order in which they were made.
 * The newest `keep` stay, and beside them whatever is current, the way back from it, the last good one, and what still runs.
 */
export function surplus(all: readonly string[], { ledger, running, keep }: Keeping): readonly string[] {
  const good = all.filter((release) => release !== ledger.current && markOf(ledger, release)?.state === "good");
  const kept = new Set([
    ...all.slice(Math.max(0, all.length - keep)),
    ...running,
    ...[ledger.current, ledger.proving?.back, lastGood(ledger, good)].flatMap((one) => one ?? []),
  ]);
  return all.filter((release) => !kept.has(release));
}

/** The one that proved itself last. */
export function lastGood(ledger: Ledger, good: readonly string[]): string | null {
  return ledger.marks.findLast(({ release, state }) => state === "good" && good.includes(release))?.release ?? null;
}
