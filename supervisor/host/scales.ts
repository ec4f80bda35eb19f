import type { Load, Scales } from "../daemon/ports.ts";
import { descriptorsOf } from "./descriptors.ts";
import { libc } from "./libc.ts";
import { allPids, type ProcessStat, readStat } from "./procfs.ts";

const SC_CLK_TCK = 2;
const SC_PAGESIZE = 30;

/** How many processes are looked at before everybody else may have a turn. */
const atATime = 32;

/** Weighs processes by /proc. Costs one read for every process of the machine, and a listing for each one that counts. */
export const scales: Scales = {
  async weigh(pids) {
    const living = new Map<number, ProcessStat>();
    for (const [at, pid] of allPids().entries()) {
      if (at % atATime === atATime - 1) await othersTurn();
      const stat = readStat(pid);
      if (stat && stat.state !== "Z" && stat.state !== "X") living.set(pid, stat);
    }
    const bySession = new Map(pids.flatMap((pid) => sessionEntry(living, pid)));
    const ownerOf = finder(living, bySession);
    const loads = new Map<number, Load>();
    const units = { pageBytes: libc.sysconf(SC_PAGESIZE), ticks: libc.sysconf(SC_CLK_TCK) };
    let weighed = 0;
    for (const [pid, stat] of living) {
      const owner = ownerOf(pid);
      if (owner === null) continue;
      if (++weighed % atATime === 0) await othersTurn();
      loads.set(owner, sum(loads.get(owner) ?? nothing, pid, stat, units));
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

const othersTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

type Units = Readonly<{ pageBytes: number; ticks: number }>;

function sum(load: Load, pid: number, stat: ProcessStat, { pageBytes, ticks }: Units): Load {
  return {
    tasks: load.tasks + stat.threads,
    memoryBytes: load.memoryBytes + stat.residentPages * pageBytes,
    cpuSeconds: load.cpuSeconds + stat.cpuTicks / ticks,
    openFds: load.openFds + descriptorsOf(pid).length,
  };
}
