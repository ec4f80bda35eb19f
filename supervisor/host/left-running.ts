import { census } from "./census.ts";
import { ledgerPath, readLedger } from "./ledger.ts";
import { readStateFile } from "./state-file.ts";

/** An invocation that runs without a supervisor, and its oldest process. */
export type LeftRunning = Readonly<{ keeper: string; pid: number }>;

/** Whom a supervisor that was killed has left running. Errors: throws when its ledger cannot be read. */
export function leftRunning(stateDir: string): readonly LeftRunning[] {
  const entries = readLedger(readStateFile(ledgerPath(stateDir)));
  const living = census(entries);
  return entries.flatMap(({ invocation, keeper }) => {
    const [pid] = living.get(invocation) ?? [];
    return pid === undefined ? [] : [{ keeper, pid }];
  });
}
