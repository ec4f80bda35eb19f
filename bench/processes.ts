import { readdirSync, readFileSync } from "node:fs";
import { anonKbOf } from "./memory.ts";

/**
 * What processes have taken. Units: KiB; milliseconds of CPU time, and context switches, of all threads that live, since each began.
 * `threads`: of each alone, by its id.
 */
export type Cost = Readonly<{ anonKb: number; pssKb: number; threads: ReadonlyMap<number, Spent> } & Spent>;

export type Spent = Readonly<{ runMs: number; switches: number }>;

/**
 * Of all threads of all these processes together.
 * Source: proc_pid_status(5), proc_pid_smaps_rollup(5), Documentation/scheduler/sched-stats.rst (schedstat: nanoseconds on a CPU).
 */
export function costOf(pids: readonly number[]): Cost {
  const sum = (of: (pid: number) => number) => pids.reduce((total, pid) => total + of(pid), 0);
  const threads = new Map(pids.flatMap(threadsOf).map(({ tid, path }) => [tid, spentBy(path)]));
  return {
    anonKb: sum(anonKbOf),
    pssKb: sum((pid) => field(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+)/m)),
    threads,
    ...total([...threads.values()]),
  };
}

/** What was spent between two looks. A thread that has ended in between was idle: that is why it ended. */
export function spentBetween(before: Cost, after: Cost): Spent {
  const spent = [...after.threads].map(([tid, { runMs, switches }]) => {
    const had = before.threads.get(tid) ?? { runMs: 0, switches: 0 };
    return { runMs: runMs - had.runMs, switches: switches - had.switches };
  });
  return total(spent);
}

const total = (all: readonly Spent[]): Spent => ({
  runMs: all.reduce((sum, { runMs }) => sum + runMs, 0),
  switches: all.reduce((sum, { switches }) => sum + switches, 0),
});

function spentBy(thread: string): Spent {
  return { runMs: field(`${thread}/schedstat`, /^(\d+)/) / 1e6, switches: switchesOf(thread) };
}

function threadsOf(pid: number): readonly Readonly<{ tid: number; path: string }>[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((tid) => ({ tid: Number(tid), path: `/proc/${pid}/task/${tid}` }));
  } catch {
    return []; // It ended between two looks.
  }
}

function switchesOf(thread: string): number {
  const text = read(`${thread}/status`);
  return ["voluntary", "nonvoluntary"].reduce(
    (sum, kind) => sum + Number(new RegExp(`^${kind}_ctxt_switches:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0),
    0,
  );
}

const field = (path: string, pattern: RegExp) => Number(pattern.exec(read(path))?.[1] ?? 0);

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
