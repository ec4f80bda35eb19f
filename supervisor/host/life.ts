import type { InvocationId, Survivor } from "../core/facts.ts";
import type { MainProcess } from "./main-process.ts";
import type { NotifySocket } from "./notify.ts";
import { peekExit } from "./reap.ts";
import type { ShimAim } from "./shim-end.ts";

/** An invocation of which somebody is left, or may be. */
export type Life = {
  readonly invocation: InvocationId;
  readonly notify: NotifySocket | null;
  /** The process that was started. As long as it is not reaped, its pid cannot be anybody else's. */
  readonly leader: number;
  /** The leader, until another one is named by MAINPID=. */
  readonly main: MainProcess;
  /** What the leader is to become by way of a shell; null when it was its program at once. */
  readonly aim: ShimAim | null;
  /** The leader was reaped. */
  isBuried: boolean;
  /** The main process has ended, and was reaped if it was our child. */
  lingering: boolean;
  /** Its end was reported; others were alive then. */
  isReported: boolean;
  /** SIGKILL was sent to all of it. */
  isKilled: boolean;
  /** It has named a main process that it may not, and that was noted. */
  wasRefused: boolean;
};

/** Its main process or the one that was started has ended and was not reaped yet. */
export function hasDead({ lingering, main, leader, isBuried }: Life): boolean {
  return (!lingering && main.exit() !== null) || (leader !== main.pid && !isBuried && peekExit(leader) !== null);
}

/** One whose processes are gone before they can be looked at, or are about to go. */
const UNMET: Survivor = { pid: 0, command: "somebody who could not be looked at" };

/** Who is told to be left, where null is: nobody for sure, and none: somebody who could not be named. */
export function told(left: readonly Survivor[] | null): readonly Survivor[] {
  return left?.length === 0 ? [UNMET] : (left ?? []);
}
