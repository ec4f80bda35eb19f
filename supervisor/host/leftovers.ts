import { setTimeout as sleep } from "node:timers/promises";
import type { InvocationId } from "../core/facts.ts";
import { signalNumber } from "../unit/signal.ts";
import type { SignalName } from "../unit/unit.ts";
import { type Census, census } from "./census.ts";
import type { Entry } from "./ledger.ts";
import { commandOf, readStat } from "./procfs.ts";
import { signalGroups } from "./signal-groups.ts";

const SIGKILL = 9;
const LOOK_MS = 50;
/** Looks for those who were forked while the others were killed. */
const MOST_KILLS = 50;

/** What a supervisor that was killed has left running of one invocation, and nobody goes on with. `killed`: it did not go when it was asked. */
export type Leftover = Entry & Readonly<{ pids: readonly number[]; command: string; killed: boolean }>;

/** How a keeper's processes are asked to go, and how long they may take. */
export type Manners = Readonly<{ signal: SignalName; timeoutMs: number }>;

/**
 * Ends what nobody goes on with, so that nothing runs beside a second copy of itself, and gives what it was. Every invocation is
 * asked to go as in a stop, all at once, and killed at its limit. `living`: who was there a moment ago. Errors: none; who cannot be killed is a leftover all the same.
 */
export async function clearLeftovers(
  entries: readonly Entry[],
  living: Census,
  mannersOf: (keeper: string) => Manners,
): Promise<readonly Leftover[]> {
  const left = entries.flatMap((entry) => {
    const pids = living.get(entry.invocation) ?? [];
    const [leader = 0] = pids;
    // Asked for now: told afterwards, when they are gone.
    return pids.length > 0 ? [{ ...entry, pids, command: commandOf(leader, readStat(leader)?.comm ?? "") }] : [];
  });
  const killed = await end(left, mannersOf);
  return left.map((one) => ({ ...one, killed: killed.has(one.invocation) }));
}

/** Gives those that had to be killed. */
async function end(
  leftovers: readonly (Entry & Readonly<{ pids: readonly number[] }>)[],
  mannersOf: (keeper: string) => Manners,
): Promise<ReadonlySet<InvocationId>> {
  const killed = new Set<InvocationId>();
  const beganMs = performance.now();
  const manners = new Map(leftovers.map(({ invocation, keeper }) => [invocation, mannersOf(keeper)]));
  const first: Census = new Map(leftovers.map(({ invocation, pids }) => [invocation, pids]));
  for (const [invocation, pids] of first) signalGroups(pids, numberOf(manners.get(invocation)?.signal ?? "SIGKILL"));
  for (let kills = 0, left = first; left.size > 0 && kills < MOST_KILLS; left = census(leftovers)) {
    const late = [...left].filter(([one]) => performance.now() - beganMs >= (manners.get(one)?.timeoutMs ?? 0));
    for (const [invocation, pids] of late) {
      killed.add(invocation);
      signalGroups(pids, SIGKILL);
    }
    if (late.length > 0) kills++;
    await sleep(LOOK_MS);
  }
  return killed;
}

const numberOf = (signal: SignalName): number => signalNumber(signal) ?? SIGKILL;
