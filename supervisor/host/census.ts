import process from "node:process";
import type { InvocationId } from "../core/facts.ts";
import { Group } from "./group.ts";
import type { Entry } from "./ledger.ts";
import { allPids, environOf, isAlive, type ProcessStat, readStat } from "./procfs.ts";

/** Who is alive of each invocation, the oldest first; one without anybody is not in it. */
export type Census = ReadonlyMap<InvocationId, readonly number[]>;

/**
 * Finds the processes of invocations that another supervisor has begun: by their control group, by the session that their leader
 * made, or by the id in their environment. Costs a walk through all processes, unless there is nobody to look for.
 */
export function census(entries: Iterable<Entry>): Census {
  const wanted = new Map([...entries].map((entry) => [entry.invocation, entry]));
  const members = new Map<InvocationId, number[]>();
  if (wanted.size === 0) return members;
  const found = new Set<number>();
  const enter = (invocation: InvocationId, pid: number): void => {
    if (found.has(pid) || pid === process.pid || !isAlive(pid)) return;
    found.add(pid);
    const others = members.get(invocation) ?? [];
    members.set(invocation, others);
    others.push(pid);
  };
  for (const [invocation, { group }] of wanted) {
    for (const pid of group ? new Group(group.folder, group.name).pids() : []) enter(invocation, pid);
  }
  const leaders = new Map([...wanted.values()].flatMap((entry) => (entry.leader ? [[entry.leader.pid, entry]] : [])));
  for (const pid of allPids()) {
    const stat = found.has(pid) ? null : readStat(pid);
    const mark = stat && (inSession(stat, leaders) ?? environOf(pid, "INVOCATION_ID"));
    if (mark && wanted.has(mark)) enter(mark, pid);
  }
  for (const pids of members.values()) pids.sort((left, right) => startOf(left) - startOf(right));
  return members;
}

/** A session is called by its leader, and while it has members nobody else can have that pid. */
function inSession({ session, startTicks }: ProcessStat, leaders: ReadonlyMap<number, Entry>): InvocationId | null {
  const entry = leaders.get(session);
  if (!entry?.leader) return null;
  const leader = readStat(session);
  // Somebody new has the pid, so the session that was called by it is over.
  if (leader && leader.startTicks !== entry.leader.startTicks) return null;
  return startTicks >= entry.leader.startTicks ? entry.invocation : null;
}

function startOf(pid: number): number {
  return readStat(pid)?.startTicks ?? 0;
}
