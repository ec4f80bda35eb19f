import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import process from "node:process";
import type { Survivor } from "../core/facts.ts";
import type { ProcessStatus } from "../unit/status.ts";
import { descriptorLink, descriptorsOf } from "./descriptors.ts";
import { bytes, cString, libc } from "./libc.ts";

const O_CLOEXEC = 0o2000000;
const SC_CLK_TCK = 2;
const SC_PAGESIZE = 30;

/** One line of `/proc/PID/stat`. Units: ticks of the kernel's user clock, pages. Source: proc(5). */
export type ProcessStat = Readonly<{
  /** The kernel's short name: at most 15 bytes, any characters, parentheses and spaces too. */
  comm: string;
  /** Shape: `S`, `R`, `Z`. */
  state: string;
  ppid: number;
  session: number;
  threads: number;
  cpuTicks: number;
  startTicks: number;
  residentPages: number;
  /** How it ended, as wait(2) gives it, while it is a zombie. */
  exitStatus: number;
}>;

const isMainThread = askIsMainThread();
/** A line is shorter: 52 numbers and a name. */
const line = bytes(2048);
const decoder = new TextDecoder();

/**
 * Null when there is no such process.
 * Why not through node:fs: a walk reads hundreds of these, and on Deno this takes half the time.
 */
export function readStat(pid: number): ProcessStat | null {
  const fd = libc.open(cString(`/proc/${pid}/stat`), O_CLOEXEC);
  if (fd < 0) return null;
  const size = libc.read(fd, line, line.length);
  libc.close(fd);
  // ESRCH: it was reaped between the two calls.
  return size > 0 ? parseStat(decoder.decode(line.subarray(0, size))) : null;
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
    ppid: field(4),
    session: field(6),
    threads: field(20),
    cpuTicks: field(14) + field(15),
    startTicks: field(22),
    exitStatus: field(52),
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

/** Whoever of these still runs, with its command line. A zombie has ended: it is left out. */
export function nameLiving(pids: readonly number[]): readonly Survivor[] {
  const living: Survivor[] = [];
  for (const pid of pids) {
    const stat = readStat(pid);
    if (stat && !isDead(stat)) living.push({ pid, command: commandOf(pid, stat.comm) });
  }
  return living;
}

/** Everybody alive on the machine. Costs two reads for each process: never on the way of a message. */
export function livingProcesses(): ReadonlyMap<number, ProcessStat> {
  const living = new Map<number, ProcessStat>();
  for (const pid of allPids()) {
    const stat = readStat(pid);
    if (stat && !isDead(stat)) living.set(pid, stat);
  }
  return living;
}

/** What is known of those of these processes that still run, in the order of their pids. */
export function describeLiving(pids: readonly number[]): readonly ProcessStatus[] {
  const found: ProcessStatus[] = [];
  for (const pid of [...pids].sort((a, b) => a - b)) {
    const stat = readStat(pid);
    if (!stat || isDead(stat)) continue;
    found.push({
      pid,
      ppid: stat.ppid,
      command: commandOf(pid, stat.comm),
      tasks: stat.threads,
      memory_bytes: stat.residentPages * libc.sysconf(SC_PAGESIZE),
      cpu_seconds: stat.cpuTicks / libc.sysconf(SC_CLK_TCK),
    });
  }
  return found;
}

/**
 * The children of a process, zombies too; null when it is gone, and where the kernel does not list them.
 * Source: proc_tid_children(5).
 * One may be left out while a sibling of it ends, so whoever must not miss any looks again.
 */
export function childrenOf(pid: number): readonly number[] | null {
  const lists = threadsOf(pid).map((thread) => readOrNull(`/proc/${pid}/task/${thread}/children`));
  // A thread that has just ended has none; that all have none of it means that the kernel was built without.
  if (lists.every((list) => list === null)) return null;
  return lists.flatMap((list) => pidsOf(list ?? ""));
}

/**
 * Our own children, orphans that became ours among them; null where the kernel does not list them.
 * Why one list is enough: the thread that this runs on starts them, and orphans go to the first that is alive, which is the
 * same when it is the main one.
 */
export function ownChildren(): readonly number[] | null {
  if (!isMainThread) return childrenOf(process.pid);
  const list = readOrNull(`/proc/self/task/${process.pid}/children`);
  return list === null ? null : pidsOf(list);
}

/** Shape of the link: `PID/task/TID`. */
function askIsMainThread(): boolean {
  try {
    return readlinkSync("/proc/thread-self").endsWith(`/task/${process.pid}`);
  } catch {
    // Without /proc nobody is found anyway.
    return false;
  }
}

function pidsOf(list: string): readonly number[] {
  return list
    .split(" ")
    .map(Number)
    .filter((child) => child > 0);
}

/**
 * One variable of the environment that a process was executed with. Null: not there. Undefined: nothing can be read, which
 * is so for a moment while it executes another program.
 */
export function environOf(pid: number, name: string): string | null | undefined {
  const text = readOrNull(`/proc/${pid}/environ`);
  if (text === null || text === "") return undefined;
  const found = text.split("\0").find((each) => each.startsWith(`${name}=`));
  return found === undefined ? null : found.slice(name.length + 1);
}

/** What stdout and stderr of a process are; empty where it cannot be read. Shape: `pipe:[4711]`, `/dev/null`. */
export function outputsOf(pid: number | "self", [out, err]: readonly [number, number] = [1, 2]): readonly string[] {
  return [out, err].map((fd) => descriptorLink(pid, fd));
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

/** Neither gone nor a zombie. */
export function isAlive(pid: number): boolean {
  const stat = readStat(pid);
  return stat !== null && !isDead(stat);
}

/** A process whose main thread alone has ended looks like a zombie, but for its other threads. */
export function isDead({ state, threads }: ProcessStat): boolean {
  return state === "X" || (state === "Z" && threads <= 1);
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    // It ended in the meantime.
    return [];
  }
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // ENOENT or ESRCH: the process went away in the meantime.
    return null;
  }
}

/**
 * The inodes of what a process waits for through epoll.
 * Shape of a line in /proc/PID/fdinfo/FD: `tfd: 3 events: 19 data: … pos:0 ino:1a2b sdev:9`. Source: proc_pid_fdinfo(5).
 */
export function polledInodes(pid: number): readonly number[] {
  const lines = epollFds(pid).flatMap((fd) => (readOrNull(`/proc/${pid}/fdinfo/${fd}`) ?? "").split("\n"));
  return lines.flatMap((line) => {
    const inode = /^tfd:.*\bino:([0-9a-f]+)/.exec(line)?.[1];
    return inode === undefined ? [] : [Number.parseInt(inode, 16)];
  });
}

/** Whether a process has an event loop: it waits through epoll, for whatever. */
export function isEventLoop(pid: number): boolean {
  return epollFds(pid).length > 0;
}

function epollFds(pid: number): readonly number[] {
  return descriptorsOf(pid).filter((fd) => descriptorLink(pid, fd).includes("[eventpoll]"));
}
