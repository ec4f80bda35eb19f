import { readdirSync } from "node:fs";
import type { Census, Load } from "../daemon/ports.ts";
import { libc } from "./libc.ts";
import { allPids, type ProcessStat, readStat } from "./procfs.ts";

const SC_CLK_TCK = 2;
const SC_PAGESIZE = 30;

/** Weighs processes by /proc. Costs one read for every process of the machine, and a listing for each one that counts. */
export const census: Census = {
  take(pids) {
    const living = new Map(allPids().flatMap((pid) => aliveEntry(pid)));
    const bySession = new Map(pids.flatMap((pid) => sessionEntry(living, pid)));
    const ownerOf = finder(living, bySession);
    const loads = new Map<number, Load>();
    for (const [pid, stat] of living) {
      const owner = ownerOf(pid);
      if (owner !== null) loads.set(owner, sum(loads.get(owner) ?? nothing, pid, stat));
    }
    return loads;
  },
};

const nothing: Load = { tasks: 0, memoryBytes: 0, cpuSeconds: 0, openFds: 0 };

type Living = ReadonlyMap<number, ProcessStat>;

function sessionEntry(living: Living, pid: number): readonly (readonly [number, number])[] {
  const session = living.get(pid)?.session;
  return session === undefined ? [] : [[session, pid]];
}

/** Whose a process is: that of its session, else its parent's. */
function finder(living: Living, bySession: ReadonlyMap<number, number>): (pid: number) => number | null {
  const known = new Map<number, number | null>();
  const ownerOf = (pid: number): number | null => {
    const found = known.get(pid);
    if (found !== undefined) return found;
    // A parent's number that was used anew may lead in a circle.
    known.set(pid, null);
    const stat = living.get(pid);
    const owner = stat === undefined ? null : (bySession.get(stat.session) ?? ownerOf(stat.ppid));
    known.set(pid, owner);
    return owner;
  };
  return ownerOf;
}

function sum(load: Load, pid: number, stat: ProcessStat): Load {
  return {
    tasks: load.tasks + stat.threads,
    memoryBytes: load.memoryBytes + stat.residentPages * libc.sysconf(SC_PAGESIZE),
    cpuSeconds: load.cpuSeconds + stat.cpuTicks / libc.sysconf(SC_CLK_TCK),
    openFds: load.openFds + countFds(pid),
  };
}

function countFds(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    // It has ended meanwhile, or belongs to a user whose descriptors we may not see.
    return 0;
  }
}

function aliveEntry(pid: number): readonly (readonly [number, ProcessStat])[] {
  const stat = readStat(pid);
  return stat && stat.state !== "Z" && stat.state !== "X" ? [[pid, stat]] : [];
}
