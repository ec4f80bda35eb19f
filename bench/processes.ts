import { readdirSync, readFileSync } from "node:fs";

/** What processes have taken. Units: KiB; milliseconds of CPU time since they began; context switches since they began. */
export type Cost = Readonly<{ anonKb: number; pssKb: number; runMs: number; switches: number }>;

/**
 * Of all threads of all these processes together.
 * Source: proc_pid_status(5), proc_pid_smaps_rollup(5), Documentation/scheduler/sched-stats.rst (schedstat: nanoseconds on a CPU).
 */
export function costOf(pids: readonly number[]): Cost {
  const sum = (of: (pid: number) => number) => pids.reduce((total, pid) => total + of(pid), 0);
  return {
    anonKb: sum((pid) => field(`/proc/${pid}/status`, /^RssAnon:\s+(\d+)/m)),
    pssKb: sum((pid) => field(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+)/m)),
    runMs: sum((pid) => overThreads(pid, (thread) => field(`${thread}/schedstat`, /^(\d+)/) / 1e6)),
    switches: sum((pid) => overThreads(pid, switchesOf)),
  };
}

function switchesOf(thread: string): number {
  const text = read(`${thread}/status`);
  return ["voluntary", "nonvoluntary"].reduce(
    (total, kind) => total + Number(new RegExp(`^${kind}_ctxt_switches:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0),
    0,
  );
}

function overThreads(pid: number, of: (thread: string) => number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).reduce((total, tid) => total + of(`/proc/${pid}/task/${tid}`), 0);
  } catch {
    return 0; // It ended between two looks.
  }
}

const field = (path: string, pattern: RegExp) => Number(pattern.exec(read(path))?.[1] ?? 0);

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
