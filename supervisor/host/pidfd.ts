import type { Exit } from "../core/facts.ts";
import { bytes, libc } from "./libc.ts";
import { exitOfStatus } from "./reap.ts";

/** The same numbers on every architecture. Source: pidfd_open(2), pidfd_getfd(2). */
const PIDFD_OPEN = 434;
const PIDFD_GETFD = 438;

/** `struct pidfd_info` in its first form, 64 bytes, and the request that fills it. Source: linux/pidfd.h. */
const INFO_SIZE_BYTES = 64;
const PIDFD_GET_INFO = 0xc040_ff0b;
/** The exit status as wait(2) gives it. */
const EXIT_AT = 60;
const HAS_PID = 1n;
const HAS_GROUP = 4n;
const HAS_EXIT = 8n;

/** What a pidfd tells. `groupId`: the number of its control group, known even after it was reaped (Linux 6.15). */
export type PidfdInfo = Readonly<{ isAlive: boolean; groupId: bigint | null }>;

const info = bytes(INFO_SIZE_BYTES);
const view = new DataView(info.buffer);

/** Null where the kernel does not answer, which is so before Linux 6.13, and for a reaped process before 6.15. */
export function askPidfd(pidfd: number): PidfdInfo | null {
  view.setBigUint64(0, HAS_PID | HAS_GROUP | HAS_EXIT, true);
  if (libc.ioctl(pidfd, PIDFD_GET_INFO, info) < 0) return null;
  const mask = view.getBigUint64(0, true);
  return {
    isAlive: (mask & HAS_PID) !== 0n && (mask & HAS_EXIT) === 0n,
    groupId: (mask & HAS_GROUP) === 0n ? null : view.getBigUint64(8, true),
  };
}

/**
 * How a process ended, whoever its parent is, once that has taken its status. Null: not yet, or the kernel does not tell, which is so
 * before Linux 6.15. Source: linux/pidfd.h, PIDFD_INFO_EXIT.
 */
export function exitOfPidfd(pidfd: number): Exit | null {
  view.setBigUint64(0, HAS_EXIT, true);
  if (libc.ioctl(pidfd, PIDFD_GET_INFO, info) < 0) return null;
  if ((view.getBigUint64(0, true) & HAS_EXIT) === 0n) return null;
  return exitOfStatus(view.getInt32(EXIT_AT, true));
}

/** A descriptor for a process, close-on-exec; negative when there is none. Source: pidfd_open(2). */
export function openPidfd(pid: number): number {
  return libc.syscall(PIDFD_OPEN, pid, 0, 0);
}

/**
 * A descriptor of our own, close-on-exec, for what another process has open; negative when it is not there, or when the kernel does
 * not give it (it asks what ptrace(2) asks). Source: pidfd_getfd(2).
 */
export function descriptorCopy(pid: number, fd: number): number {
  const pidfd = openPidfd(pid);
  if (pidfd < 0) return -1;
  const copy = libc.syscall(PIDFD_GETFD, pidfd, fd, 0);
  libc.close(pidfd);
  return copy;
}
