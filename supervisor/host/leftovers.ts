import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import type { InvocationId } from "../core/facts.ts";
import { signalNumber } from "../unit/signal.ts";
import type { SignalName } from "../unit/unit.ts";
import { Group } from "./group.ts";
import { findGroupPlace } from "./group-place.ts";
import { type Entry, readLedger } from "./ledger.ts";
import { libc } from "./libc.ts";
import { allPids, commandOf, environOf, isDead, readStat } from "./procfs.ts";

const SIGKILL = 9;
const LOOK_MS = 50;
/** Looks for those who were forked while the others were killed. */
const MOST_KILLS = 50;

/** What a supervisor that was killed has left running of one invocation. `killed`: it did not go when it was asked. */
export type Leftover = Entry & Readonly<{ pids: readonly number[]; command: string; killed: boolean }>;

/** How a keeper's processes are asked to go, and how long they may take. */
export type Manners = Readonly<{ signal: SignalName; timeoutMs: number }>;

export type LeftoversOptions = Readonly<{
  /** The ledger's. */
  directory: string;
  mannersOf: (keeper: string) => Manners;
}>;

/**
 * Ends what a supervisor that was killed has left running, so that nothing runs beside a second copy of itself, and gives what it
 * was. Whose a process is tells the id of its invocation: in its environment, or in the name of its control group. Every invocation
 * is asked to go as in a stop, all at once, and killed at its limit.
 * Errors: none; who cannot be killed is a leftover all the same.
 */
export async function clearLeftovers({ directory, mannersOf }: LeftoversOptions): Promise<readonly Leftover[]> {
  const entries = new Map(readLedger(directory).map((entry) => [entry.invocation, entry]));
  const first = membersOf(entries);
  const killed = new Set<InvocationId>();
  const beganMs = performance.now();
  for (const [invocation, pids] of first) tell(pids, numberOf(mannersOf(keeperOf(entries, invocation)).signal));
  const found = [...first].map(([invocation, pids]) => ({
    invocation,
    keeper: keeperOf(entries, invocation),
    pids,
    command: describe(pids[0] ?? 0),
  }));
  for (let kills = 0, left = first; left.size > 0 && kills < MOST_KILLS; left = membersOf(entries)) {
    const late = [...left].filter(
      ([invocation]) => performance.now() - beganMs >= mannersOf(keeperOf(entries, invocation)).timeoutMs,
    );
    for (const [invocation, pids] of late) {
      killed.add(invocation);
      tell(pids, SIGKILL);
    }
    if (late.length > 0) kills++;
    await sleep(LOOK_MS);
  }
  for (const invocation of entries.keys()) rmSync(join(directory, invocation), { force: true });
  return found.map((one) => ({ ...one, killed: killed.has(one.invocation) }));
}

const numberOf = (signal: SignalName): number => signalNumber(signal) ?? SIGKILL;

function keeperOf(entries: ReadonlyMap<InvocationId, Entry>, invocation: InvocationId): string {
  return entries.get(invocation)?.keeper ?? "?";
}

function describe(pid: number): string {
  return commandOf(pid, readStat(pid)?.comm ?? "");
}

/** To their process groups, whoever forks meanwhile included. */
function tell(pids: readonly number[], number: number): void {
  const groups = new Set(pids.map((pid) => libc.getpgid(pid)));
  for (const group of groups) if (group > 1 && group !== libc.getpgid(0)) libc.kill(-group, number);
}

/** Who is alive of these invocations, the oldest first. Costs a walk through all processes, unless there is none to look for. */
function membersOf(entries: ReadonlyMap<InvocationId, Entry>): ReadonlyMap<InvocationId, readonly number[]> {
  const members = new Map<InvocationId, number[]>();
  if (entries.size === 0) return members;
  const enter = (invocation: string | null | undefined, pid: number): void => {
    if (!invocation || !entries.has(invocation) || pid === process.pid || !isAlive(pid)) return;
    const others = members.get(invocation) ?? [];
    members.set(invocation, others);
    if (!others.includes(pid)) others.push(pid);
  };
  for (const pid of allPids()) enter(environOf(pid, "INVOCATION_ID"), pid);
  for (const { invocation, group } of groups()) for (const pid of group.pids()) enter(invocation, pid);
  for (const pids of members.values()) pids.sort((left, right) => startOf(left) - startOf(right));
  return members;
}

function isAlive(pid: number): boolean {
  const stat = readStat(pid);
  return stat !== null && !isDead(stat);
}

function startOf(pid: number): number {
  return readStat(pid)?.startTicks ?? 0;
}

/** The control groups of all supervisors. Shape: `supervisor-4711/api@1.0123…`. */
function groups(): readonly Readonly<{ invocation: InvocationId; group: Group }>[] {
  const place = findGroupPlace();
  if (place === null) return [];
  return namesIn(place.folder)
    .filter((name) => /^supervisor-\d+$/.test(name))
    .flatMap((supervisor) => {
      const base = join(place.folder, supervisor);
      return namesIn(base).map((name) => ({
        invocation: name.slice(name.lastIndexOf(".") + 1),
        group: new Group(join(base, name), name),
      }));
    });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // It has just been removed.
    return [];
  }
}
