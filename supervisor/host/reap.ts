import type { Exit } from "../core/facts.ts";
import { signalName } from "../unit/signal.ts";
import type { SignalName } from "../unit/unit.ts";
import { bytes, libc } from "./libc.ts";

const P_ALL = 0;
const P_PID = 1;
const WNOHANG = 1;
const WEXITED = 4;
const WNOWAIT = 0x01000000;
const CLD_EXITED = 1;
const CLD_DUMPED = 3;
const FIRST_REALTIME = 34;

// siginfo_t as the kernel fills it for a child. Source: waitid(2).
const info = bytes(128);
const view = new DataView(info.buffer);
const CODE_AT = 8;
const PID_AT = 16;
const STATUS_AT = 24;

/**
 * How a child of ours ended; null while it runs. It stays a zombie, its pid and its group stay its own, until `reap`.
 * `foreign`: it is not our child, or somebody else has taken it, and its status with it.
 */
export function peekExit(pid: number): Exit | "foreign" | null {
  view.setInt32(PID_AT, 0, true);
  if (libc.waitid(P_PID, pid, info, WEXITED | WNOHANG | WNOWAIT) < 0) return "foreign";
  if (view.getInt32(PID_AT, true) === 0) return null;
  const status = view.getInt32(STATUS_AT, true);
  const how = view.getInt32(CODE_AT, true);
  if (how === CLD_EXITED) return { by: "code", code: status };
  return { by: "signal", signal: nameOf(status), core: how === CLD_DUMPED };
}

export function reap(pid: number): void {
  libc.waitid(P_PID, pid, info, WEXITED | WNOHANG);
}

/** Any child of this process that has ended and that nobody has waited for; null when there is none. */
export function peekAnyDead(): number | null {
  view.setInt32(PID_AT, 0, true);
  if (libc.waitid(P_ALL, 0, info, WEXITED | WNOHANG | WNOWAIT) < 0) return null;
  const pid = view.getInt32(PID_AT, true);
  return pid === 0 ? null : pid;
}

/** Shape of a status: the code in its second byte, or the signal in the first, with 128 when there is a core. Source: wait(2). */
export function exitOfStatus(status: number): Exit {
  const signal = status & 0x7f;
  if (signal === 0) return { by: "code", code: (status >> 8) & 0xff };
  return { by: "signal", signal: nameOf(signal), core: (status & 0x80) !== 0 };
}

function nameOf(number: number): SignalName {
  return signalName(number) ?? `SIGRTMIN+${number - FIRST_REALTIME}`;
}
