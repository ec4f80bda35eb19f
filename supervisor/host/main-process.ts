import type { Exit } from "../core/facts.ts";
import { isDead, readStat } from "./procfs.ts";
import { peekExit } from "./reap.ts";

/** The process whose end is the end of its invocation: the one that was started, or another one that it names. */
export class MainProcess {
  #pid: number;
  /** Null for the one that was started: it is our child, so its pid is its own until we reap it. */
  #startTicks: number | null = null;
  #isForeign = false;

  constructor(pid: number) {
    this.#pid = pid;
  }

  get pid(): number {
    return this.#pid;
  }

  /** False when that process is not alive. */
  become(pid: number): boolean {
    const stat = readStat(pid);
    if (!stat || isDead(stat)) return false;
    this.#pid = pid;
    this.#startTicks = stat.startTicks;
    return true;
  }

  /** Somebody else is its parent, who alone hears of its end; as it was when its end was looked for last. */
  get isForeign(): boolean {
    return this.#isForeign;
  }

  isAlive(): boolean {
    if (this.#startTicks === null) return true;
    const stat = readStat(this.#pid);
    return stat !== null && !isDead(stat) && stat.startTicks === this.#startTicks;
  }

  /**
   * How it ended, null while it runs. One that was never our child has ended in success as far as we can know. The one that
   * was started has not, when somebody else took its status.
   */
  exit(): Exit | null {
    const exit = peekExit(this.#pid);
    this.#isForeign = exit === "foreign";
    if (exit !== "foreign") return exit;
    if (this.#startTicks === null) return { by: "code", code: 255 };
    return this.isAlive() ? null : { by: "code", code: 0 };
  }
}
