import { bytes, libc } from "./libc.ts";

/** `struct pidfd_info` in its first form, 64 bytes, and the request that fills it. Source: linux/pidfd.h. */
const INFO_SIZE_BYTES = 64;
const PIDFD_GET_INFO = 0xc040_ff0b;
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
