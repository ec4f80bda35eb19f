import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import process from "node:process";
import { polledInodes } from "./procfs.ts";

/**
 * What a process does about a socket that it has open. `idle`: every thread waits, and none of them for this socket. It may be
 * serving a connection that it took from there: who asks has to look for one.
 */
export type Doing = "accepts" | "idle" | "unknown";

type Calls = Readonly<{ takes: readonly number[]; polls: readonly number[]; idle: readonly number[] }>;

/**
 * System calls by their numbers. `takes`: accept, accept4, recvfrom, recvmsg, recvmmsg, read, with the descriptor first;
 * `polls`: poll, ppoll; `idle`: epoll_wait and its kin (what they wait for is seen otherwise), futex, wait4, waitid,
 * nanosleep, clock_nanosleep, pause, rt_sigsuspend, rt_sigtimedwait. Source: the kernel's syscall tables.
 */
const callsOf: Readonly<Record<string, Calls>> = {
  x64: {
    takes: [43, 288, 45, 47, 299, 0],
    polls: [7, 271],
    idle: [232, 281, 441, 202, 61, 247, 35, 230, 34, 130, 128],
  },
  arm64: { takes: [202, 242, 207, 212, 243, 63], polls: [73], idle: [22, 441, 98, 260, 95, 101, 115, 133, 137] },
};
const calls = callsOf[process.arch];

/** `struct pollfd`: the descriptor, what is asked, what came of it. */
const POLLFD_SIZE_BYTES = 8;
const POLLIN = 1;
/** More is no server that polls, but garbage. */
const MOST_POLLED = 65_536;

/**
 * Says whether a process waits for connections on a socket: through epoll, in accept(2), or in poll(2).
 * Unknown: while one of its threads computes, and where the kernel does not tell.
 */
export function doingOf(pid: number, { inode, fds }: Readonly<{ inode: number; fds: readonly number[] }>): Doing {
  if (polledInodes(pid).includes(inode)) return "accepts";
  const each = threadsOf(pid).map((thread) => threadDoing(pid, thread, fds));
  if (each.includes("accepts")) return "accepts";
  return each.length > 0 && each.every((doing) => doing === "idle") ? "idle" : "unknown";
}

function threadDoing(pid: number, thread: number, fds: readonly number[]): Doing {
  const words = readOrNull(`/proc/${pid}/task/${thread}/syscall`)?.split(" ").map(Number);
  if (!calls || !words) return "unknown";
  const [call = -1, first = -1, second = 0] = words;
  if (calls.takes.includes(call)) return fds.includes(first) ? "accepts" : "idle";
  if (calls.polls.includes(call)) return pollDoing(pid, { at: first, count: second }, fds);
  return calls.idle.includes(call) ? "idle" : "unknown";
}

/** What it polls stands in its memory. */
function pollDoing(pid: number, list: Readonly<{ at: number; count: number }>, fds: readonly number[]): Doing {
  if (list.count > MOST_POLLED) return "unknown";
  const memory = readMemory(pid, list.at, list.count * POLLFD_SIZE_BYTES);
  if (!memory) return "unknown";
  for (let at = 0; at < memory.byteLength; at += POLLFD_SIZE_BYTES) {
    const isAsked = (memory.getInt16(at + 4, true) & POLLIN) !== 0;
    if (isAsked && fds.includes(memory.getInt32(at, true))) return "accepts";
  }
  return "idle";
}

function readMemory(pid: number, at: number, sizeBytes: number): DataView | null {
  const bytes = new Uint8Array(sizeBytes);
  try {
    const fd = openSync(`/proc/${pid}/mem`, "r");
    try {
      return readSync(fd, bytes, 0, sizeBytes, at) === sizeBytes ? new DataView(bytes.buffer) : null;
    } finally {
      closeSync(fd);
    }
  } catch {
    // EACCES: not ours to look into. ESRCH: it has ended.
    return null;
  }
}

function threadsOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    // It has ended.
    return [];
  }
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    // EACCES: another user's process. ENOENT: it has ended.
    return null;
  }
}
