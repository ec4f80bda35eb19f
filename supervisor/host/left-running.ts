import { census } from "./census.ts";
import { readLedger } from "./ledger.ts";
import { readStateFile } from "./state-file.ts";

/** An invocation that runs without a supervisor, and its oldest process. */
export type LeftRunning = Readonly<{ keeper: string; pid: number }>;

/** Whom a supervisor that was killed has left running. `path`: its ledger. Errors: throws when that cannot be read. */
export function leftRunning(path: string): readonly LeftRunning[] {
  const entries = readLedger(readStateFile(path));
  const living = census(entries);
  return entries.flatMap(({ invocation, keeper }) => {
    const [pid] = living.get(invocation) ?? [];
    return pid === undefined ? [] : [{ keeper, pid }];
  });
}
