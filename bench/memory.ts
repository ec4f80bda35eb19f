import { readFileSync } from "node:fs";

/** Memory of a process that is nobody else's; 0 when it is gone. Units: KiB. Source: proc_pid_status(5), RssAnon. */
export function anonKbOf(pid: number): number {
  try {
    return Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0);
  } catch {
    return 0; // it ended between the listing and the reading
  }
}

/** The processes that a process has started and not reaped. Source: proc_pid_task(5), children. */
export function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}
