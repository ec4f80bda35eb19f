import process from "node:process";
import type { Exit, InvocationId, Survivor } from "../core/facts.ts";
import type { ProcessEvent, Processes, SpawnOrder } from "../daemon/ports.ts";
import { signalNumber } from "../unit/signal.ts";
import type { ProcessStatus } from "../unit/status.ts";
import type { SignalName } from "../unit/unit.ts";
import { type Identity, identityOf } from "./identity.ts";
import { libc } from "./libc.ts";
import { createNotifySockets, type NotifySocket, type NotifySockets } from "./notify.ts";
import { nameLiving, polledInodes, processTree, readStat, sessionPids, usageOf } from "./procfs.ts";
import type { Reactor } from "./reactor.ts";
import { peekAnyDead, peekExit, reap } from "./reap.ts";
import { type Started, start } from "./start.ts";

const PR_SET_CHILD_SUBREAPER = 36;
/** How often survivors are looked for whose end the kernel does not report to us: their parent is neither dead nor ours. */
const LOOK_AGAIN_MS = 500;

export type ProcessesOptions = Readonly<{
  reactor: Reactor;
  /** Where the notify sockets are made. */
  runtimeDir: string;
  /** May call back into `Processes` at once. */
  post: (event: ProcessEvent) => void;
}>;

/** `close` is for an orderly end: it forgets whatever still runs and gives the signals back. */
export type HostProcesses = Processes & Readonly<{ close(): void }>;

/**
 * Starts processes and hears how they end.
 *
 * The calling process becomes a child subreaper: whoever a service leaves behind becomes our child, so that its end is
 * reported to us, and it is reaped here. The runtime's own children are left to the runtime; they are told apart by their
 * session, so nothing else in this process may start a child in a new one (`detached`).
 */
export function createProcesses(options: ProcessesOptions): HostProcesses {
  return new RealProcesses(options);
}

/** A process that was started and whose session is not known to be empty. As long as it is kept, its pid cannot be anybody else's. */
type Life = {
  readonly invocation: InvocationId;
  readonly notify: NotifySocket | null;
  readonly pid: number;
  /** The leader was reaped and reported; others of its session were alive then. */
  lingering: boolean;
};

type Opened = Readonly<{ ok: true; socket: NotifySocket | null }> | Extract<Started, { ok: false }>;

const ourselves = { ok: true, identity: null } as const;

type Ended = Readonly<{ life: Life; exit: Exit }>;

class RealProcesses implements HostProcesses {
  readonly #reactor: Reactor;
  readonly #post: (event: ProcessEvent) => void;
  readonly #sockets: NotifySockets;
  readonly #lives = new Map<InvocationId, Life>();
  readonly #ownSession = libc.getsid(0);
  readonly #onChild = (): void => this.#collect();
  #again: ReturnType<typeof setTimeout> | null = null;

  constructor({ reactor, runtimeDir, post }: ProcessesOptions) {
    this.#reactor = reactor;
    this.#post = post;
    this.#sockets = createNotifySockets(reactor, runtimeDir);
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    process.on("SIGCHLD", this.#onChild);
  }

  spawn(order: SpawnOrder): void {
    const { invocation, privileges } = order;
    const who = privileges ? identityOf(privileges) : ourselves;
    const identity = who.ok ? who.identity : null;
    const opened = who.ok ? this.#openNotify(order, identity) : ({ ...who, stage: "user" } as const);
    const notify = opened.ok ? opened.socket : null;
    const started = opened.ok ? start(order, notify?.path ?? null, identity) : opened;
    if (!started.ok) {
      notify?.close();
      this.#post({ tag: "spawn-failed", invocation, stage: started.stage, ...started.refusal });
      return;
    }
    const { pid } = started;
    this.#lives.set(invocation, { invocation, pid, notify, lingering: false });
    // A child that has ended already is still a zombie, so its line is there.
    this.#post({ tag: "spawned", invocation, pid, startTicks: readStat(pid)?.startTicks ?? 0 });
  }

  signal(invocation: InvocationId, signal: SignalName, scope: "group" | "main"): void {
    const life = this.#lives.get(invocation);
    const number = signalNumber(signal);
    if (!life || number === null) return;
    if (scope === "main") {
      if (!life.lingering) libc.kill(life.pid, number);
      return;
    }
    // A job-control shell puts its jobs into groups of their own, inside the session.
    const groups = new Set([life.pid, ...sessionPids(life.pid).map((pid) => libc.getpgid(pid))]);
    for (const group of groups) if (group > 0) libc.kill(-group, number);
  }

  members(invocation: InvocationId): readonly Survivor[] {
    const life = this.#lives.get(invocation);
    return life ? nameLiving(sessionPids(life.pid)) : [];
  }

  polled(invocation: InvocationId): ReadonlySet<number> {
    const life = this.#lives.get(invocation);
    return new Set(life ? sessionPids(life.pid).flatMap(polledInodes) : []);
  }

  usage(pid: number): Readonly<{ memoryBytes: number; cpuSeconds: number }> | null {
    return usageOf(pid);
  }

  tree(invocation: InvocationId): readonly ProcessStatus[] {
    const life = this.#lives.get(invocation);
    return life ? processTree(life.pid) : [];
  }

  /** Nothing is stored yet. */
  forget(): void {}

  close(): void {
    libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
    process.off("SIGCHLD", this.#onChild);
    if (this.#again) clearTimeout(this.#again);
    for (const life of this.#lives.values()) life.notify?.close();
    this.#lives.clear();
    this.#sockets.close();
  }

  #openNotify({ notify, invocation }: SpawnOrder, identity: Identity | null): Opened {
    if (!notify) return { ok: true, socket: null };
    const owner = { leader: () => this.#lives.get(invocation)?.pid ?? 0, uid: identity?.uid ?? null };
    const heard = (pid: number, fields: Readonly<Record<string, string>>): void => {
      this.#post({ tag: "notified", invocation, pid, fields });
    };
    try {
      return { ok: true, socket: this.#sockets.open(invocation, owner, heard) };
    } catch (error) {
      const { code = "EIO", message } = error as NodeJS.ErrnoException;
      return { ok: false, stage: "listen", refusal: { code, message: `notify socket: ${message}` } };
    }
  }

  /** Everything that may have ended: leaders, whoever they left behind, and orphans that became ours. */
  #collect(): void {
    const ended: Ended[] = [];
    for (const life of this.#lives.values()) {
      const exit = life.lingering ? null : peekExit(life.pid);
      if (exit) ended.push({ life, exit });
    }
    // As long as they are zombies, what they sent is still known to be theirs.
    if (ended.length > 0) this.#reactor.turn();
    for (const { life } of ended) reap(life.pid);
    const strangers = this.#reapOrphans();
    for (const each of ended) this.#report(each);
    for (const life of [...this.#lives.values()]) if (life.lingering) this.#settle(life);
    const lingering = [...this.#lives.values()].some((life) => life.lingering);
    if (strangers || lingering) this.#lookAgain();
  }

  #report({ life, exit }: Ended): void {
    const survivors = nameLiving(sessionPids(life.pid));
    if (survivors.length === 0) this.#forget(life);
    else life.lingering = true;
    this.#post({ tag: "exited", invocation: life.invocation, exit, survivors });
  }

  #settle(life: Life): void {
    if (nameLiving(sessionPids(life.pid)).length > 0) return;
    this.#forget(life);
    this.#post({ tag: "emptied", invocation: life.invocation });
  }

  #forget(life: Life): void {
    life.notify?.close();
    this.#lives.delete(life.invocation);
  }

  /** True when the first dead child in the kernel's list is the runtime's own, which hides those behind it until it is gone. */
  #reapOrphans(): boolean {
    for (let pid = peekAnyDead(); pid !== null; pid = peekAnyDead()) {
      if (this.#leads(pid)) return false;
      if (libc.getsid(pid) === this.#ownSession) return true;
      reap(pid);
    }
    return false;
  }

  /** A leader that ended this very moment: its own SIGCHLD is on the way. */
  #leads(pid: number): boolean {
    for (const life of this.#lives.values()) if (life.pid === pid && !life.lingering) return true;
    return false;
  }

  #lookAgain(): void {
    this.#again ??= setTimeout(() => {
      this.#again = null;
      this.#collect();
    }, LOOK_AGAIN_MS);
  }
}
