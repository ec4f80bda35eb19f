import process from "node:process";
import type { Exit, InvocationId, Survivor } from "../core/facts.ts";
import type { Adopted, Pace, ProcessEvent, Processes, SpawnOrder } from "../daemon/ports.ts";
import { signalNumber } from "../unit/signal.ts";
import type { ProcessStatus } from "../unit/status.ts";
import type { SignalName } from "../unit/unit.ts";
import { DeadChildren } from "./dead-children.ts";
import { Ends } from "./ends.ts";
import { Estate, type Heritage } from "./estate.ts";
import { groupFor, joinsItself } from "./group-for.ts";
import type { Groups } from "./groups.ts";
import { type Identity, identityOf } from "./identity.ts";
import type { Entry } from "./ledger.ts";
import { libc } from "./libc.ts";
import { hasDead, type Life, told } from "./life.ts";
import { Looks } from "./looks.ts";
import { MainProcess } from "./main-process.ts";
import { Members } from "./members.ts";
import { createNotifySockets, type Notice, type NotifyOwner, type NotifySocket, type NotifySockets } from "./notify.ts";
import { createPace } from "./pace.ts";
import { outputIn, type Past, revive } from "./past.ts";
import { describeLiving, nameLiving, outputsOf, polledInodes, usageOf } from "./procfs.ts";
import type { Reactor } from "./reactor.ts";
import { peekAnyDead, peekExit, reap } from "./reap.ts";
import { runtime } from "./runtime.ts";
import { type ShimFailure, shimFailure } from "./shim-end.ts";
import { type Started, start } from "./start.ts";
import { Store } from "./store.ts";

const PR_SET_CHILD_SUBREAPER = 36;
const SIGKILL = 9;
/** How often main processes are looked for whose parent we are not. Survivors whose parent is neither dead nor ours: less often. */
const LOOK_SOON_MS = 100;
/** Looks for survivors, as long as it is not sure that there are none: one may die while its child is not on the list yet. */
const MOST_LOOKS = 8;
/** How long it may be unknown whether anybody is left, and how often that is looked at. One that dies is on the lists until it has left its processor. */
const DOUBT_MS = 250;
const DOUBT_LOOK_MS = 2;

export type ProcessesOptions = Readonly<{
  reactor: Reactor;
  /** Where the notify sockets are made. */
  runtimeDir: string;
  /** May call back into `Processes` at once. */
  post: (event: ProcessEvent) => void;
  /** Null: membership is found out by looking at processes, and resources are not limited. */
  groups?: Groups | null;
  /** Where `setpriv` is, when no child is to outlive us; null: all do. */
  executioner?: string | null;
  /** Shared with whoever else has much to do at times. Default: one of its own. */
  pace?: Pace;
  /** Hears what is no failure of anything, but worth a line in the journal. */
  note?: (text: string) => void;
}> &
  Heritage;

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

type Opened = Readonly<{ ok: true; socket: NotifySocket | null }> | Extract<Started, { ok: false }>;

const ourselves = { ok: true, identity: null } as const;

/** `failure`: it never became its program. */
type Ended = Readonly<{ life: Life; exit: Exit; failure: ShimFailure | null; foundAtMs: number }>;

class RealProcesses implements HostProcesses {
  readonly #post: (event: ProcessEvent) => void;
  readonly #note: (text: string) => void;
  readonly #estate: Estate;
  readonly #executioner: string | null;
  readonly #past: Map<InvocationId, Past>;
  readonly #sockets: NotifySockets;
  readonly #groups: Groups | null;
  readonly #members: Members;
  readonly #store: Store;
  readonly #lives = new Map<InvocationId, Life>();
  readonly #dead = new DeadChildren();
  readonly #looks = new Looks((isThorough) => this.#collect(isThorough));
  readonly #onChild = (): void => this.#looks.soon();
  readonly #ends: Ends<Ended>;
  #isClosed = false;

  constructor(options: ProcessesOptions) {
    const { reactor, runtimeDir, post, groups = null, pace = createPace(), note = () => undefined } = options;
    this.#estate = new Estate(options.ledger ?? null, options.parking ?? null);
    this.#past = new Map(options.past);
    this.#executioner = options.executioner ?? null;
    this.#post = post;
    this.#note = note;
    this.#ends = new Ends({
      pace,
      report: (ended) => this.#report(ended),
      later: () => this.#looks.later(DOUBT_LOOK_MS),
      resumed: () => !this.#isClosed && this.#goOn(),
    });
    this.#sockets = createNotifySockets(reactor, runtimeDir);
    this.#groups = groups;
    this.#members = new Members(groups, (invocation) => this.#lives.get(invocation)?.notify?.hear());
    this.#store = new Store(note, options.parking, options.parcels);
    runtime.keepThread();
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    process.on("SIGCHLD", this.#onChild);
    reactor.afterRounds(() => {
      if (!this.#isClosed && peekAnyDead() !== null) this.#looks.soon();
    });
    // Whoever died before, as a child of what this process was then, raises no signal.
    this.#looks.later();
  }

  spawn(order: SpawnOrder): void {
    const { invocation, privileges, keeper } = order;
    const who = privileges ? identityOf(privileges) : ourselves;
    const identity = who.ok ? who.identity : null;
    const opened = who.ok ? this.#openNotify(order, identity) : ({ ...who, stage: "user" } as const);
    const notify = opened.ok ? opened.socket : null;
    const group = opened.ok ? groupFor(order, this.#groups, this.#note) : null;
    const pipes = outputsOf("self", [order.stdout, order.stderr]).filter((each) => each.startsWith("pipe:"));
    const entry = this.#estate.begin(order, { notify, group, pipes, uid: identity?.uid ?? null });
    const door = (joinsItself(order) && group?.door) || null;
    const outfit = { notifyPath: notify?.path ?? null, identity, door, executioner: this.#executioner };
    const started = opened.ok ? start(order, { ...outfit, stored: this.#store.of(keeper) }) : opened;
    if (!started.ok) {
      notify?.close();
      if (group) this.#groups?.discard(group);
      this.#estate.end(invocation);
      this.#post({ tag: "spawn-failed", invocation, stage: started.stage, ...started.refusal });
      return;
    }
    const { pid, aim } = started;
    const startTicks = this.#estate.led(entry, pid);
    const past = { isBuried: false, lingering: false, isReported: false, isKilled: false, wasRefused: false };
    this.#lives.set(invocation, { invocation, leader: pid, main: new MainProcess(pid), notify, aim, ...past });
    this.#members.enter(invocation, { leader: pid, group, joinsItself: joinsItself(order), uid: entry.uid, pipes });
    this.#post({ tag: "spawned", invocation, pid, startTicks });
  }

  adopt(invocation: InvocationId, mainPid: number | null): Adopted {
    const past = this.#past.get(invocation);
    this.#past.delete(invocation);
    const gone = { tag: "gone", exit: { by: "unknown" } } as const;
    if (!past) return { found: gone, output: null };
    const output = outputIn(past.descriptors);
    const revived = revive(past, mainPid, this.#adoptNotify(past));
    if (!revived) return { found: gone, output };
    const { main, exit } = revived;
    this.#estate.takeUp(past, main);
    this.#lives.set(invocation, revived.life);
    this.#members.enter(invocation, revived.membership);
    // Whoever has ended meanwhile raises no signal.
    this.#looks.later(LOOK_SOON_MS);
    if (main !== null) return { found: { tag: "alive", pid: main }, output };
    return { found: { tag: "left", exit, survivors: told(this.#survivors(invocation)) }, output };
  }

  letGo(invocation: InvocationId): void {
    this.#estate.end(invocation);
  }

  #adoptNotify({ entry, descriptors, pids }: Past): NotifySocket | null {
    const { invocation, notifyPath } = entry;
    if (descriptors.notify === null) return null;
    if (notifyPath !== null && pids.length > 0) {
      return this.#sockets.adopt(descriptors.notify, notifyPath, this.#ownerOf(invocation, entry));
    }
    libc.close(descriptors.notify);
    return null;
  }

  hearAll(): void {
    for (const { notify } of [...this.#lives.values()]) notify?.hear();
  }

  signal(invocation: InvocationId, signal: SignalName, scope: "group" | "main"): void {
    const life = this.#lives.get(invocation);
    const number = signalNumber(signal);
    if (!life || number === null) return;
    if (scope === "group") {
      life.isKilled ||= signal === "SIGKILL";
      this.#members.signal(invocation, number);
    } else if (!life.lingering && life.main.isAlive()) libc.kill(life.main.pid, number);
  }

  members(invocation: InvocationId): readonly Survivor[] {
    return nameLiving(this.#members.list(invocation));
  }

  polled(invocation: InvocationId): ReadonlySet<number> {
    return new Set(this.#members.list(invocation).flatMap(polledInodes));
  }

  usage(pid: number): Readonly<{ memoryBytes: number; cpuSeconds: number }> | null {
    return usageOf(pid);
  }

  tree(invocation: InvocationId): readonly ProcessStatus[] {
    return describeLiving(this.#members.list(invocation));
  }

  forget(keeper: string): void {
    this.#store.forget(keeper);
  }

  close(): void {
    libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
    process.off("SIGCHLD", this.#onChild);
    this.#isClosed = true;
    this.#looks.close();
    for (const life of this.#lives.values()) {
      life.notify?.close();
      this.#members.leave(life.invocation);
    }
    this.#lives.clear();
    this.#sockets.close();
    this.#store.close();
    this.#groups?.close();
  }

  #openNotify({ notify, invocation, keeper, storeMax = Store.most }: SpawnOrder, identity: Identity | null): Opened {
    if (!notify) return { ok: true, socket: null };
    const owner = this.#ownerOf(invocation, { keeper, storeMax, uid: identity?.uid ?? null });
    try {
      return { ok: true, socket: this.#sockets.open(invocation, owner) };
    } catch (error) {
      const { code = "EIO", message } = error as NodeJS.ErrnoException;
      return { ok: false, stage: "listen", refusal: { code, message: `notify socket: ${message}` } };
    }
  }

  #ownerOf(
    invocation: InvocationId,
    { keeper, storeMax, uid }: Pick<Entry, "keeper" | "storeMax" | "uid">,
  ): NotifyOwner {
    return {
      believes: this.#members.believes.bind(this.#members, invocation),
      heard: (notice) => {
        this.#store.hear(keeper, notice, storeMax);
        this.#hear(invocation, notice);
      },
      uid,
    };
  }

  #hear(invocation: InvocationId, { pid, fields }: Notice): void {
    const named = /^\d{1,10}$/.test(fields.MAINPID ?? "") ? Number(fields.MAINPID) : 0;
    const life = this.#lives.get(invocation);
    if (life && !life.lingering && named !== life.main.pid && named > 1) this.#nameMain(life, named);
    this.#post({ tag: "notified", invocation, pid, fields });
  }

  #nameMain(life: Life, pid: number): void {
    const { invocation } = life;
    if (!this.#members.has(invocation, pid) || !life.main.become(pid)) {
      if (!life.wasRefused) this.#note(`MAINPID=${pid} is not heeded: it is no process of invocation ${invocation}`);
      life.wasRefused = true;
      return;
    }
    this.#post({ tag: "main-pid", invocation, pid });
    this.#looks.later();
  }

  /**
   * Everything that may have ended: main processes, whoever they left behind, and orphans that became ours.
   * Why not ask after each life: the kernel names the dead, and of hundreds only a few have died. It cannot name those in other
   * hands, nor those behind a child of the runtime; and one whose status somebody has taken is looked for now and then.
   */
  #collect(isThorough: boolean): void {
    const { count, isHidden } = this.#dead.walk((pid) => {
      const life = this.#whose(pid);
      if (life) this.#take(life);
      else this.#bury(pid);
      return true;
    });
    if (count === 0 && !isThorough) this.#looks.later();
    const others = [...this.#lives.values()].filter(({ main }) => isThorough || isHidden || main.isForeign);
    for (const life of others.filter(hasDead)) this.#take(life);
    this.#goOn();
  }

  #take(life: Life): void {
    // What they said comes before their end: they are zombies, so they said it all, and it is still known to be theirs.
    life.notify?.hear();
    // Not over after all when the last word was MAINPID=.
    const exit = life.lingering ? null : life.main.exit();
    if (exit) {
      const failure = life.aim && life.main.pid === life.leader ? shimFailure(life.leader, exit, life.aim) : null;
      this.#ends.add({ life, exit: this.#marked(life, exit), failure, foundAtMs: performance.now() });
      life.lingering = true;
      this.#bury(life.main.pid);
    }
    // It has handed over to another main process, so its end is nobody's business.
    if (life.leader !== life.main.pid && !life.isBuried && peekExit(life.leader) !== null) this.#bury(life.leader);
  }

  /** Tells of those that have ended, and looks after whom they have left behind. */
  #goOn(): void {
    const strangers = this.#reapOrphans();
    this.#ends.tell();
    for (const life of [...this.#lives.values()]) if (life.isReported) this.#settle(life);
    const lives = [...this.#lives.values()];
    if (lives.some(({ main }) => main.isForeign)) this.#looks.later(LOOK_SOON_MS);
    else if (strangers || lives.some(({ lingering }) => lingering)) this.#looks.later();
  }

  /** An exit that the out-of-memory killer is to blame for says so. */
  #marked({ invocation }: Life, exit: Exit): Exit {
    const isKilled = exit.by === "signal" && exit.signal === "SIGKILL";
    return isKilled && this.#members.hasLostToMemory(invocation) ? { ...exit, oom: true } : exit;
  }

  #bury(pid: number): void {
    for (const life of this.#lives.values()) if (life.leader === pid) life.isBuried = true;
    this.#members.beforeReap(pid);
    reap(pid);
  }

  /** False while it is in doubt whether anybody is left. */
  #report({ life, exit, failure, foundAtMs }: Ended): boolean {
    const { invocation } = life;
    if (failure) {
      this.#end(life, { tag: "spawn-failed", invocation, stage: failure.stage, ...failure.refusal });
      return true;
    }
    const survivors = this.#survivors(invocation);
    if (survivors?.length === 0 && performance.now() - foundAtMs < DOUBT_MS) return false;
    const exited = { tag: "exited", invocation, exit, survivors: told(survivors) } as const;
    if (survivors === null) this.#end(life, exited);
    else {
      life.isReported = true;
      this.#post(exited);
    }
    return true;
  }

  #settle(life: Life): void {
    const { invocation } = life;
    if (this.#survivors(invocation) !== null) {
      // Forked while the others were killed.
      if (life.isKilled) this.#members.signal(invocation, SIGKILL);
      return;
    }
    this.#end(life, { tag: "emptied", invocation });
  }

  /** Null when there are none for sure. None named: somebody may be there, who moves on faster than we can look. */
  #survivors(invocation: InvocationId): readonly Survivor[] | null {
    for (let look = 0; look < MOST_LOOKS; look++) {
      if (!this.#members.mayHaveAny(invocation)) return null;
      const living = nameLiving(this.#members.list(invocation));
      if (living.length > 0) return living;
      this.#reapOrphans();
    }
    return [];
  }

  /** Nobody is left of it. Only when that was heard, and with it what it has printed last, may whoever comes after us know nothing of it. */
  #end(life: Life, last: ProcessEvent): void {
    life.notify?.close();
    life.main.close();
    this.#lives.delete(life.invocation);
    this.#members.leave(life.invocation);
    this.#post(last);
    this.#estate.end(life.invocation);
  }

  /** True when a dead child of the runtime may hide others. */
  #reapOrphans(): boolean {
    const { isHidden } = this.#dead.walk((pid) => {
      // It ended this very moment: its own SIGCHLD is on the way.
      if (this.#whose(pid)) return false;
      this.#bury(pid);
      return true;
    });
    return isHidden;
  }

  /** Whose leader or main process it is. */
  #whose(pid: number): Life | null {
    for (const life of this.#lives.values()) {
      if ((life.leader === pid && !life.isBuried) || (life.main.pid === pid && !life.lingering)) return life;
    }
    return null;
  }
}
