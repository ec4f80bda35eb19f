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
import { type Held, takeListeners } from "./take-listeners.ts";

const SIGKILL = 9;
const LOOK_MS = 50;
/** Looks for those who were forked while the others were killed. */
const MOST_KILLS = 50;

/** What a supervisor that was killed has left running of one invocation. `killed`: it did not go when it was asked. */
export type Leftover = Entry & Readonly<{ pids: readonly number[]; command: string; killed: boolean }>;

/** How a keeper's processes are asked to go, and how long they may take. */
export type Manners = Readonly<{ signal: SignalName; timeoutMs: number }>;

/** The processes of each invocation, the oldest first. */
type Members = ReadonlyMap<InvocationId, readonly number[]>;

/**
 * What a supervisor that was killed has left running. Whose a process is tells the id of its invocation: in its environment, or in
 * the name of its control group.
 */
export interface Leftovers {
  /** Our own descriptors for those of the `wanted` listeners that they have. Shape of a name: `UNIT.LISTENER`. */
  listeners(wanted: ReadonlySet<string>): ReadonlyMap<string, number>;
  /**
   * Ends them, so that nothing runs beside a second copy of itself, and gives what they were. Every invocation is asked to go as in
   * a stop, all at once, and killed at its limit. Errors: none; who cannot be killed is a leftover all the same.
   */
  clear(mannersOf: (keeper: string) => Manners): Promise<readonly Leftover[]>;
}

/** Looks for those that the ledger names. */
export function findLeftovers(directory: string): Leftovers {
  const entries = new Map(readLedger(directory).map((entry) => [entry.invocation, entry]));
  const first = membersOf(entries);
  // Told afterwards, when they are gone.
  const leaders = [...first.values()].map(([leader = 0]) => leader);
  const commands = new Map(leaders.map((pid) => [pid, commandOf(pid, readStat(pid)?.comm ?? "")]));
  return {
    listeners(wanted) {
      const lent = [...first].flatMap(([id, pids]) => lentTo(entries.get(id), pids));
      return takeListeners(lent.filter(({ name }) => wanted.has(name)));
    },
    async clear(mannersOf) {
      const killed = await end(entries, first, mannersOf);
      for (const invocation of entries.keys()) rmSync(join(directory, invocation), { force: true });
      return [...first].flatMap(([invocation, pids]): Leftover[] => {
        const entry = entries.get(invocation);
        return entry
          ? [{ ...entry, pids, command: commands.get(pids[0] ?? 0) ?? "", killed: killed.has(invocation) }]
          : [];
      });
    },
  };
}

function lentTo(entry: Entry | undefined, pids: readonly number[]): readonly Held[] {
  const [unit = ""] = entry?.keeper.split("@") ?? [];
  return (entry?.listeners ?? []).map(({ name, inode }) => ({ name: `${unit}.${name}`, inode, pids }));
}

/** Gives those that had to be killed. */
async function end(
  entries: ReadonlyMap<InvocationId, Entry>,
  first: Members,
  mannersOf: (keeper: string) => Manners,
): Promise<ReadonlySet<InvocationId>> {
  const killed = new Set<InvocationId>();
  const beganMs = performance.now();
  const mannersFor = (invocation: InvocationId): Manners => mannersOf(entries.get(invocation)?.keeper ?? "?");
  for (const [invocation, pids] of first) tell(pids, numberOf(mannersFor(invocation).signal));
  for (let kills = 0, left = first; left.size > 0 && kills < MOST_KILLS; left = membersOf(entries)) {
    const late = [...left].filter(([one]) => performance.now() - beganMs >= mannersFor(one).timeoutMs);
    for (const [invocation, pids] of late) {
      killed.add(invocation);
      tell(pids, SIGKILL);
    }
    if (late.length > 0) kills++;
    await sleep(LOOK_MS);
  }
  return killed;
}

const numberOf = (signal: SignalName): number => signalNumber(signal) ?? SIGKILL;

/** To their process groups, whoever forks meanwhile included. */
function tell(pids: readonly number[], number: number): void {
  const groups = new Set(pids.map((pid) => libc.getpgid(pid)));
  for (const group of groups) if (group > 1 && group !== libc.getpgid(0)) libc.kill(-group, number);
}

/** Who is alive of these invocations, the oldest first. Costs a walk through all processes, unless there is none to look for. */
function membersOf(entries: ReadonlyMap<InvocationId, Entry>): Members {
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
