import type { Report } from "../core/effect.ts";
import type { ProcessFact, Tick } from "../core/event.ts";
import { restored } from "../core/saved.ts";
import { atRest, runs } from "../core/state.ts";
import { createWorld, ownerOf, stateOf, type Whom, type World } from "../core/world.ts";
import type { Command, Line } from "../unit/command.ts";
import type { Outcome } from "../unit/fault.ts";
import type { BindableSocket, Unit } from "../unit/unit.ts";
import type { WhyEntry } from "../unit/why.ts";
import { adopt } from "./adopt.ts";
import { type Blame, createBlame } from "./blame.ts";
import { describeBug } from "./bug.ts";
import { createDesk, createSince, type Since } from "./desk.ts";
import { difference } from "./difference.ts";
import { createErrands, type Errands } from "./errands.ts";
import { type Told, tell, told } from "./happening.ts";
import { createHappenings, type Happenings } from "./happenings.ts";
import { createHear } from "./hear.ts";
import { createHeldStarts, type HeldStarts } from "./held-starts.ts";
import { createHistory, type History } from "./history.ts";
import type { Journal } from "./journal.ts";
import { createLookout, type Lookout } from "./lookout.ts";
import { createLoop, type Loop } from "./loop.ts";
import { createOrders, type Orders } from "./orders.ts";
import { createPerform } from "./perform.ts";
import { pidOf } from "./pid-of.ts";
import type {
  Answer,
  Clock,
  Credentials,
  Desk,
  Disk,
  Files,
  HistoryFiles,
  Listeners,
  Outputs,
  Pace,
  PrivateListeners,
  Probing,
  ProcessEvent,
  Processes,
  ReleaseHost,
  Releases,
  Settings,
} from "./ports.ts";
import { createProbeTally, type ProbeTally } from "./probe-tally.ts";
import { createPrograms, type Programs } from "./programs.ts";
import { createReconfigure, type Reconfigure } from "./reconfigure.ts";
import { createReleaseHost, isTorn } from "./release-host.ts";
import { createResettling, type Resettling } from "./resettling.ts";
import { createResting, type Resting } from "./resting.ts";
import { createSockets, type Sockets } from "./sockets.ts";
import type { Left, StateLog } from "./state-log.ts";
import { activeCount, type Identity } from "./status.ts";

/** Everything outside that the daemon lives on. */
export type Ports = Readonly<{
  clock: Clock;
  listeners: Listeners;
  outputs: Outputs;
  /** Makes the process port, given the ear that hears it, and the one that hears what is only worth a note. */
  processes: (post: (event: ProcessEvent) => void, note: (text: string) => void) => Processes;
  /** How much is done at a stretch; left out: everything. */
  pace?: Pace;
  dice: () => Readonly<Omit<Tick, "now">>;
  journal: Journal;
  /** Makes the port that asks probes' questions, given the port that it runs exec probes on and the ear for answers. */
  probing: (processes: Processes, privates: PrivateListeners, answered: (answer: Answer) => void) => Probing;
  privates: PrivateListeners;
  credentials: Credentials;
  command: (unit: Unit, instance: number, extra: Line["extra"]) => Outcome<Command>;
  commandLine: (unit: Unit, instance: number, line: Line) => Outcome<Command>;
  /** A unit's sockets with their placeholders filled in. */
  socketsToBind: (unit: Unit) => Outcome<readonly BindableSocket[]>;
  outputFile: (unit: string) => string;
  /** Where a path leads to now, through links; the path itself when it leads nowhere. */
  realPath: (path: string) => string;
  history: HistoryFiles;
  /** Called once, when everything is told to stop. */
  shuttingDown: () => void;
  disk: Disk;
  settings: Settings;
  /** What is deployed, given what it may ask of the daemon. Left out: nothing can be. */
  releases?: (host: ReleaseHost) => Releases;
  /** Where it is written down how the units stand. Left out: nowhere. */
  stateLog?: (failed: (message: string) => void) => StateLog;
  /** What another daemon has left, to be gone on with. */
  left?: Left | null;
}>;

/** Puts the daemon together on the given ports. Nothing happens before `boot`. */
export function createDaemon(files: Files, supervisor: Identity, ports: Ports): Daemon {
  return new Daemon(files, supervisor, ports);
}

export class Daemon {
  readonly desk: Desk;
  /** What probes were answered so far. */
  readonly probes: ProbeTally = createProbeTally();
  /** Resolves when everything was ordered to stop and has come to rest. */
  readonly stopped: Promise<void>;
  readonly #units: readonly Unit[];
  readonly #ports: Ports;
  readonly #happenings: Happenings = createHappenings();
  readonly #since: Since;
  readonly #sockets: Sockets;
  readonly #processes: Processes;
  readonly #held: HeldStarts;
  readonly #probing: Probing;
  readonly #hear: (event: ProcessEvent) => void;
  readonly #loop: Loop;
  readonly #orders: Orders;
  readonly #blame: Blame = createBlame(() => this.#loop.world);
  readonly #history: History;
  readonly #programs: Programs;
  readonly #resting: Resting;
  readonly #reconfigure: Reconfigure;
  readonly #lookout: Lookout;
  readonly #resettling: Resettling;
  readonly #releases: Releases | null;
  readonly #errands: Errands = createErrands(
    (question) => this.#probing.ask(question),
    () => this.#ports.dice().nonce,
  );
  /** What the last turn left. */
  #seen: World["units"] = new Map();

  constructor(files: Files, supervisor: Identity, ports: Ports) {
    const { clock, outputs } = ports;
    const ending = Promise.withResolvers<void>();
    this.#units = files.units;
    this.#ports = ports;
    this.#programs = createPrograms(ports.realPath);
    this.stopped = ending.promise;
    this.#since = createSince(clock);
    this.#history = this.#createHistory(supervisor.started_at);
    this.#sockets = createSockets(ports.listeners, ports.socketsToBind);
    this.#lookout = this.#createLookout();
    this.#resettling = this.#createResettling();
    const tell = (fact: ProcessFact): void => this.#loop.post({ tag: "fact", fact });
    // Nothing is heard before something was done, and by then all of these are there.
    this.#processes = ports.processes(
      (event) => this.#hear(event),
      (text) => this.note(told("warn", "supervisor.note", text)),
    );
    const bug = (error: unknown): void => this.note(told("error", "supervisor.bug", describeBug(error)));
    this.#held = createHeldStarts({ answer: (event) => this.#hear(event), bug });
    this.#resting = createResting(this.#processes, outputs);
    const answered = (answer: Answer): void => this.#answered(answer);
    const idleListeners = (invocation: string): readonly string[] => this.#idleListeners(invocation);
    this.#probing = ports.probing(this.#processes, ports.privates, answered);
    this.#hear = createHear({ ...ports, probing: this.#probing, idleListeners }, tell);
    const log = ports.stateLog?.((message) => this.note(told("warn", "state.failed", message)));
    this.#loop = createLoop({
      world: ports.left ? restored(createWorld(files.units), ports.left.saved) : createWorld(files.units),
      decided: (world) => log?.decided(world),
      allDone: () => log?.done(),
      clock,
      dice: ports.dice,
      perform: this.#performOn(answered),
      pace: ports.pace,
      turned: (world, turn) => this.#turned(world, turn),
      bug,
    });
    this.#reconfigure = this.#createReconfigure(files);
    this.#orders = this.#createOrders(ending.resolve);
    this.#releases = ports.releases?.(this.#releaseHost()) ?? null;
    this.desk = createDesk({
      sources: () => this.#sources(supervisor),
      since: this.#since,
      orders: this.#orders,
      reconfigure: this.#reconfigure,
      releases: this.#releases,
      happenings: this.#happenings,
      outputFile: ports.outputFile,
    });
  }

  /**
   * Opens the listeners of every enabled unit, goes on with whom another daemon has left, then starts those units that it did not know.
   * Resolves when each is up or has failed, with the number of units that are up.
   */
  async boot(): Promise<number> {
    const { left = null } = this.#ports;
    const isLeft = ({ name }: Unit): boolean => left?.saved.get(name)?.instances.some((one) => !atRest(one)) ?? false;
    for (const unit of this.#units.filter((one) => one.enabled || isLeft(one))) {
      const opened = this.#sockets.ensure(unit);
      const faults = opened.ok ? [] : opened.faults;
      for (const fault of faults) this.note({ ...told("error", "listener.failed", fault.message), unit: unit.name });
    }
    this.#releases?.resume();
    if (left) this.#resume(left);
    const units = this.#units.flatMap(({ name, enabled }) => (enabled && !left?.saved.has(name) ? [name] : []));
    const given = this.desk.order({ tag: "start", units }, { tag: "supervisor" });
    if (isTorn(this.#loop.world)) this.desk.order({ tag: "reconfigure" }, { tag: "supervisor" });
    if (given.ok) await given.value;
    return activeCount(this.#loop.world);
  }

  /** Writes one happening to the journal and the event stream. */
  note(one: Told, pid: number | null = null): void {
    const full = this.#blame.complete(one);
    const { level: _level, text: _text, ...fields } = full;
    const at = this.#ports.clock.wall().toISOString();
    this.#ports.journal.write(full, pid);
    this.#happenings.add({ ...fields, at, pid });
    this.#history.take(full, { at, pid });
  }

  /** What happened to a unit, newest first, also in earlier lives of the supervisor. */
  history(unit: string): readonly WhyEntry[] {
    return this.#history.of(unit);
  }

  /** Opens the output files anew, after somebody else has moved them. */
  reopenOutputs(): void {
    this.#ports.outputs.reopen();
  }

  /** The files below the root may have changed: `reload` takes them, else `status` tells. */
  filesChanged(reload: boolean): void {
    const had = this.#reconfigure.changes.any;
    if (!this.#reconfigure.look()) return;
    if (reload) this.desk.order({ tag: "reconfigure" }, { tag: "supervisor" });
    else if (!had) this.note(told("info", "config.changed", "files have changed on disk: supervisor config diff"));
  }

  /** Does and writes down whatever is still to be done, so that another program can go on here. */
  pause(): void {
    this.#loop.finish();
    this.#history.flush();
  }

  /** The end of everything, at once: SIGKILL to every process there is. */
  killAll(): void {
    // Who is about to be started must not outlive this.
    this.#loop.finish();
    for (const { instances } of this.#loop.world.units.values()) {
      for (const { invocation } of instances.flatMap(runs)) {
        if (!this.#held.drop(invocation)) this.#processes.signal(invocation, "SIGKILL", "group");
      }
    }
  }

  close(): void {
    this.#releases?.close();
    this.#history.flush();
    this.#lookout.close();
    this.#sockets.closeAll();
    this.#ports.outputs.close();
  }

  #resume(left: Left): void {
    const { outputs } = this.#ports;
    this.#since.resume(this.#loop.world.units.values());
    const note = (one: Told, pid: number | null): void => this.note(one, pid);
    const { deeds, events } = adopt(this.#loop.world, left, { processes: this.#processes, outputs, note });
    this.#loop.resume(deeds, () => {
      for (const event of events) this.#hear(event);
      // What a process has said meanwhile is heard before anybody finds that it has been silent.
      this.#processes.hearAll();
    });
  }

  #createOrders(stopped: () => void): Orders {
    return createOrders({
      loop: () => this.#loop,
      reconfigure: (wait, asked, elsewhere) => this.#reconfigure.apply(wait, asked, elsewhere),
      releases: () => this.#releases,
      takeBack: (wait, asked) => this.#reconfigure.takeBack(wait, asked),
      processes: this.#processes,
      outputs: this.#ports.outputs,
      asked: (asked) => this.#blame.asked(asked),
      shuttingDown: this.#ports.shuttingDown,
      stopped: () => {
        this.#loop.finish();
        stopped();
      },
    });
  }

  #releaseHost(): ReleaseHost {
    return createReleaseHost({
      world: () => this.#loop.world,
      orders: () => this.#orders,
      reconfigure: () => this.#reconfigure,
      privates: this.#ports.privates,
      run: this.#errands.run,
      note: (one) => this.note(one),
    });
  }

  #createHistory(life: string): History {
    const { history, outputs } = this.#ports;
    return createHistory({
      files: history,
      life,
      tail: (invocation) => outputs.tail(invocation),
      failed: (message) => this.note(told("warn", "history.failed", message)),
    });
  }

  #createResettling(): Resettling {
    return createResettling({
      world: () => this.#loop.world,
      now: () => this.#ports.clock.now(),
      signal: (...whom) => this.#processes.signal(...whom),
      command: (unit) => this.#loop.post({ tag: "order", units: [unit], event: { tag: "want-reload-command" } }),
      note: (one) => this.note(one),
      takeBack: () => this.#orders.give({ tag: "take-back" }, { tag: "supervisor" }),
      passed: () => this.#reconfigure.proved(),
    });
  }

  #createLookout(): Lookout {
    return createLookout({
      mend: (unit) => this.#sockets.mend(unit),
      note: (one) => this.note(one),
      // It is noticed at the end of a turn: what is ordered then waits for the next one.
      lost: (unit) => queueMicrotask(() => this.desk.order({ tag: "reload", units: [unit] }, { tag: "supervisor" })),
    });
  }

  #performOn(answered: (answer: Answer) => void): ReturnType<typeof createPerform> {
    return createPerform({
      ...this.#ports,
      world: () => this.#loop.world,
      programs: this.#programs,
      sockets: this.#sockets,
      processes: this.#processes,
      held: this.#held,
      probing: this.#probing,
      answer: (event) => this.#hear(event),
      answered,
      report: (whom: Whom, what: Report) => this.note(tell(whom, what), pidOf(this.#loop.world, what)),
    });
  }

  /**
   * The listeners that the old generation of a handover accepts on and the new one does not. A program that
   * waits in accept(2) or poll(2) shows on neither side, and is believed.
   */
  #idleListeners(invocation: string): readonly string[] {
    const { world } = this.#loop;
    const owner = ownerOf(world, invocation);
    if (!owner) return [];
    const phase = stateOf(world, owner)?.phase;
    if (phase?.tag !== "replacing" || phase.next.invocation !== invocation) return [];
    const now = this.#processes.polled(invocation);
    const idle = this.#sockets.of(owner.unit).filter(({ inode }) => !now.has(inode));
    // Asked last, and seldom: an old generation may have thousands of connections, and a client waits for the verdict.
    const before = idle.length > 0 ? this.#processes.polled(phase.run.invocation) : now;
    return idle.filter(({ inode }) => before.has(inode)).map(({ name }) => name);
  }

  #createReconfigure(files: Files): Reconfigure {
    const { disk, settings, outputs, socketsToBind, command } = this.#ports;
    return createReconfigure({
      files,
      loop: () => this.#loop,
      disk,
      settings,
      sockets: this.#sockets,
      programs: this.#programs,
      outputs,
      toBind: socketsToBind,
      // The directory of its credentials is made when it starts; here it only has a name.
      command: (unit) => command(unit, 1, { CREDENTIALS_DIRECTORY: "/" }),
      readAnew: (units) => this.#resettling.tell(units),
      probation: this.#resettling.probation,
      note: (one) => this.note(one),
    });
  }

  #answered(answer: Answer): void {
    if (this.#errands.heard(answer)) return;
    const owner = ownerOf(this.#loop.world, answer.invocation);
    if (owner) this.probes.heard(owner.unit, answer);
    this.#loop.post({ tag: "fact", fact: { tag: "answered", ...answer } });
  }

  #turned(world: World, turn: number): void {
    const changes = difference(this.#seen, world.units);
    this.#seen = world.units;
    this.#programs.turned(changes);
    this.#resting.turned(changes);
    this.#sockets.turned(world);
    this.#lookout.turned(changes);
    this.#resettling.turned(changes);
    this.#since.turned(changes);
    this.#releases?.turned(changes);
    this.#orders.turned(world, turn);
  }

  #sources(supervisor: Identity) {
    const { clock } = this.#ports;
    const [processes, sockets, files] = [this.#processes, this.#sockets, this.#reconfigure];
    return { supervisor, world: this.#loop.world, clock, processes, sockets, files };
  }
}
