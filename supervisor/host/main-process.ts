import type { Exit } from "../core/facts.ts";
import { libc } from "./libc.ts";
import { exitOfPidfd, openPidfd } from "./pidfd.ts";
import { isDead, readStat } from "./procfs.ts";
import { exitOfStatus, peekExit } from "./reap.ts";

/** The process whose end is the end of its invocation: the one that was started, or another one that it names. */
export class MainProcess {
  #pid: number;
  /** Null for the one that was started: it is our child, so its pid is its own until we reap it. */
  #startTicks: number | null = null;
  #isForeign = false;
  /** Of one that another supervisor has started: it tells how it ended, whoever is its parent. -1: there is none. */
  #pidfd = -1;
  #isAdopted = false;

  constructor(pid: number) {
    this.#pid = pid;
  }

  /** One that another supervisor has started. */
  static adopted(pid: number): MainProcess {
    const main = new MainProcess(pid);
    main.#startTicks = readStat(pid)?.startTicks ?? 0;
    main.#pidfd = openPidfd(pid);
    main.#isAdopted = true;
    main.#isForeign = peekExit(pid) === "foreign";
    return main;
  }

  /** One that has ended before anybody could look. */
  static ended(): MainProcess {
    return new MainProcess(0);
  }

  get pid(): number {
    return this.#pid;
  }

  /** False when that process is not alive. */
  become(pid: number): boolean {
    const stat = readStat(pid);
    if (!stat || isDead(stat)) return false;
    this.close();
    this.#isAdopted = false;
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
   * was started has not, when somebody else took its status; of one that another supervisor has started the kernel may tell.
   */
  exit(): Exit | null {
    const exit = peekExit(this.#pid);
    this.#isForeign = exit === "foreign";
    if (exit !== "foreign") return exit;
    if (this.#startTicks === null) return { by: "code", code: 255 };
    if (this.isAlive()) return null;
    return this.#isAdopted ? this.#exitElsewhere() : { by: "code", code: 0 };
  }

  close(): void {
    if (this.#pidfd >= 0) libc.close(this.#pidfd);
    this.#pidfd = -1;
  }

  /** As long as its parent has not taken the status it stands in its line; afterwards the kernel may tell. */
  #exitElsewhere(): Exit {
    const stat = readStat(this.#pid);
    if (stat?.startTicks === this.#startTicks) return exitOfStatus(stat.exitStatus);
    return (this.#pidfd < 0 ? null : exitOfPidfd(this.#pidfd)) ?? { by: "unknown" };
  }
}
