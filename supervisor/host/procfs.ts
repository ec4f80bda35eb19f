import { readdirSync, readFileSync } from "node:fs";
import type { Survivor } from "../core/facts.ts";
import { libc } from "./libc.ts";

const SC_CLK_TCK = 2;
const SC_PAGESIZE = 30;

/** One line of `/proc/PID/stat`. Units: ticks of the kernel's user clock, pages. Source: proc(5). */
export type ProcessStat = Readonly<{
  /** The kernel's short name: at most 15 bytes, any characters, parentheses and spaces too. */
  comm: string;
  /** Shape: `S`, `R`, `Z`. */
  state: string;
  cpuTicks: number;
  startTicks: number;
  residentPages: number;
}>;

/** Null when there is no such process. */
export function readStat(pid: number): ProcessStat | null {
  const line = readOrNull(`/proc/${pid}/stat`);
  return line === null ? null : parseStat(line);
}

/**
 * Shape: `7 (a (b) c) S 1 …` → comm `a (b) c`: the name ends at the last parenthesis of the line.
 */
export function parseStat(line: string): ProcessStat {
  const open = line.indexOf("(");
  const close = line.lastIndexOf(")");
  // After the name: field 3 of the manual is element 0 here.
  const rest = line.slice(close + 2).split(" ");
  const field = (number: number): number => Number(rest[number - 3]);
  return {
    comm: line.slice(open + 1, close),
    state: rest[0] ?? "",
    cpuTicks: field(14) + field(15),
    startTicks: field(22),
    residentPages: field(24),
  };
}

export function usageOf(pid: number): Readonly<{ memoryBytes: number; cpuSeconds: number }> | null {
  const stat = readStat(pid);
  if (!stat || isDead(stat)) return null;
  return {
    memoryBytes: stat.residentPages * libc.sysconf(SC_PAGESIZE),
    cpuSeconds: stat.cpuTicks / libc.sysconf(SC_CLK_TCK),
  };
}

/** Every process id of a session, zombies too. */
export function sessionPids(session: number): readonly number[] {
  return allPids().filter((pid) => libc.getsid(pid) === session);
}

/** Whoever of these still runs, with its command line. A zombie has ended: it is left out. */
export function nameLiving(pids: readonly number[]): readonly Survivor[] {
  const living: Survivor[] = [];
  for (const pid of pids) {
    const stat = readStat(pid);
    if (stat && !isDead(stat)) living.push({ pid, command: commandOf(pid, stat.comm) });
  }
  return living;
}

/** The command line as typed, or the short name where there is none (kernel threads, and processes that just end). */
export function commandOf(pid: number, comm: string): string {
  const words = (readOrNull(`/proc/${pid}/cmdline`) ?? "").split("\0").filter((word) => word !== "");
  return words.length > 0 ? words.join(" ") : `[${comm}]`;
}

export function allPids(): readonly number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0);
}

function isDead(stat: ProcessStat): boolean {
  return stat.state === "Z" || stat.state === "X";
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // ENOENT or ESRCH: the process went away in the meantime.
    return null;
  }
}
