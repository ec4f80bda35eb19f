import type { Exit, Instant, Survivor } from "../../supervisor/core/facts.ts";
import type {
  Answer,
  Clock,
  Credentials,
  Disk,
  Files,
  Listener,
  Listeners,
  Outputs,
  PrivateListener,
  PrivateListeners,
  Probing,
  ProcessEvent,
  Processes,
  Question,
  Settings,
  SpawnOrder,
} from "../../supervisor/daemon/ports.ts";
import type { KeysRead } from "../../supervisor/unit/credential.ts";
import { type Fault, fail, ok } from "../../supervisor/unit/fault.ts";
import type { SignalName, Socket, Unit } from "../../supervisor/unit/unit.ts";

/** More wake-ups in one span than any test has; a loop that asks for the past again and again is noticed. */
const mostRings = 500;

/** Virtual ports: nothing happens but what the test says, and all that is asked of them stands in `log`, in order. */
export class Fakes {
  readonly log: string[] = [];
  readonly clock = new FakeClock();
  readonly processes = new FakeProcesses(this.log);
  readonly outputs = new FakeOutputs(this.log);
  readonly listeners = new FakeListeners(this.log);
  readonly privates = new FakePrivateListeners(this.log);
  readonly credentials = new FakeCredentials(this.log);
  readonly probing = new FakeProbing(this.log);
  readonly disk = new FakeDisk();
  readonly settings = new FakeSettings(this.log);
}

class FakeClock implements Clock {
  static readonly born = Date.parse("2026-01-01T00:00:00.000Z");
  #now = 0;
  #alarm: Readonly<{ at: Instant; ring: () => void }> | null = null;
  /** When it was asked to ring, null for "not at all": each change of mind. */
  readonly asked: (Instant | null)[] = [];

  now(): Instant {
    return this.#now;
  }

  wall(): Date {
    return new Date(FakeClock.born + this.#now);
  }

  wakeAt(at: Instant | null, ring: () => void): void {
    if (this.asked.at(-1) !== at) this.asked.push(at);
    this.#alarm = at === null ? null : { at, ring };
  }

  /** Lets time go by; what is due on the way happens at its own instant. */
  advance(spanMs: number): void {
    const end = this.#now + spanMs;
    for (let count = 0; this.#alarm && this.#alarm.at <= end; count++) {
      if (count === mostRings) throw new Error(`woken for ever at ${this.#now}`);
      const { at, ring } = this.#alarm;
      this.#alarm = null;
      this.#now = Math.max(this.#now, at);
      ring();
    }
    this.#now = end;
  }

  /** Time goes by while nobody is awake: what is due meanwhile is late. */
  standStill(spanMs: number): void {
    this.#now += spanMs;
  }

  /** Rings though nothing is due. */
  ringEarly(): void {
    this.#alarm?.ring();
  }
}

class FakeProcesses implements Processes {
  readonly orders: SpawnOrder[] = [];
  readonly #log: string[];
  /** When set, the next spawns fail so. */
  refusal: Omit<Extract<ProcessEvent, { tag: "spawn-failed" }>, "tag" | "invocation"> | null = null;
  hear: (event: ProcessEvent) => void = () => {};

  constructor(log: string[]) {
    this.#log = log;
  }

  spawn(order: SpawnOrder): void {
    const { invocation } = order;
    this.#log.push(`spawn ${order.env.SUPERVISOR_UNIT} ${name(invocation)}`);
    this.orders.push(order);
    if (this.refusal) this.hear({ tag: "spawn-failed", invocation, ...this.refusal });
    else this.hear({ tag: "spawned", invocation, pid: 100 + this.orders.length, startTicks: 1 });
  }

  signal(invocation: string, signal: SignalName, scope: "group" | "main"): void {
    this.#log.push(`${signal} ${scope} ${name(invocation)}`);
  }

  members(): readonly Survivor[] {
    return [];
  }

  /** What is left of each invocation of another daemon; nothing unless a test says so. */
  readonly left = new Map<string, ReturnType<Processes["adopt"]>["found"]>();

  /** Those of which somebody has kept the output. */
  readonly printed = new Set<string>();

  hearAll(): void {}

  adopt(invocation: string): ReturnType<Processes["adopt"]> {
    this.#log.push(`adopt ${name(invocation)}`);
    const output = this.printed.has(invocation) ? { stdout: 3, stderr: 4 } : null;
    return { found: this.left.get(invocation) ?? { tag: "gone", exit: { by: "unknown" } }, output };
  }

  letGo(invocation: string): void {
    this.#log.push(`let go ${name(invocation)}`);
  }

  /** How often a process was measured. */
  measurements = 0;

  usage(pid: number): ReturnType<Processes["usage"]> {
    this.measurements++;
    return pid === 999 ? null : { memoryBytes: pid * 1_000, cpuSeconds: pid / 100 };
  }

  forget(keeper: string): void {
    this.#log.push(`forget ${keeper}`);
  }

  /** What each invocation waits for; nothing unless a test says so. */
  readonly polls = new Map<string, ReadonlySet<number>>();

  polled(invocation: string): ReadonlySet<number> {
    return this.polls.get(invocation) ?? new Set();
  }

  /** A main process and one child. */
  tree(invocation: string): ReturnType<Processes["tree"]> {
    const pid = 101 + this.orders.findIndex((order) => order.invocation === invocation);
    const one = { tasks: 1, memory_bytes: 1_000, cpu_seconds: 0.5 };
    return [
      { pid, ppid: 1, command: "bun main.ts", ...one },
      { pid: pid + 1000, ppid: pid, command: "sleep 1", ...one },
    ];
  }

  /** The newest process of a unit (`api`) or instance (`api@2`), which its test lets speak and end. */
  newest(whom: string): string {
    const [unit, instance] = whom.split("@");
    const order = this.orders.findLast(
      ({ env }) => env.SUPERVISOR_UNIT === unit && (instance === undefined || env.SUPERVISOR_INSTANCE === instance),
    );
    if (!order) throw new Error(`${whom} has no process`);
    return order.invocation;
  }

  say(invocation: string, fields: Readonly<Record<string, string>> = { READY: "1" }): void {
    this.hear({ tag: "notified", invocation, pid: 1, fields });
  }

  exit(invocation: string, how: number | SignalName = 0, survivors: readonly Survivor[] = []): void {
    const exit: Exit = typeof how === "number" ? { by: "code", code: how } : { by: "signal", signal: how, core: false };
    this.hear({ tag: "exited", invocation, exit, survivors });
  }
}

class FakeOutputs implements Outputs {
  readonly #log: string[];
  readonly tails = new Map<string, readonly string[]>();
  refusal: Fault | null = null;

  constructor(log: string[]) {
    this.#log = log;
  }

  open(unit: { name: string }, instance: number, invocation: string): ReturnType<Outputs["open"]> {
    this.#log.push(`output ${unit.name}@${instance} ${name(invocation)}`);
    return this.refusal ? fail(this.refusal) : ok({ stdout: 11, stderr: 12, reads: { stdout: 13, stderr: 14 } });
  }

  adopt(unit: { name: string }, instance: number, invocation: string): ReturnType<Outputs["adopt"]> {
    this.#log.push(`output adopted ${unit.name}@${instance} ${name(invocation)}`);
    return this.refusal ? fail(this.refusal) : ok({ wasFull: false });
  }

  started(invocation: string): void {
    this.#log.push(`output started ${name(invocation)}`);
  }

  flush(invocation: string): void {
    this.#log.push(`flush ${name(invocation)}`);
  }

  printed(): ReturnType<Outputs["printed"]> {
    return { sizeBytes: 0, droppedLines: 0 };
  }

  tail(invocation: string): readonly string[] {
    return this.tails.get(invocation) ?? [];
  }

  rest(): void {}

  limit(unit: { name: string }): void {
    this.#log.push(`limit ${unit.name}`);
  }

  reopen(): void {
    this.#log.push("outputs reopened");
  }

  close(): void {
    this.#log.push("outputs closed");
  }
}

class FakeListeners implements Listeners {
  readonly #log: string[];
  /** Names of sockets whose address somebody else has. */
  readonly busy = new Set<string>();
  /** Names of sockets that a process has shut down, and what comes of looking after them. */
  readonly shut = new Map<string, "mended" | "lost">();
  #opened = 0;

  constructor(log: string[]) {
    this.#log = log;
  }

  open(unit: string, socket: Socket): ReturnType<Listeners["open"]> {
    if (this.busy.has(socket.name)) {
      const message = `${socket.name}: the address is in use by nginx (pid 9)`;
      return fail({ code: "listener-busy", message, retry: "later" });
    }
    this.#log.push(`listen ${unit} ${socket.name}`);
    this.#opened++;
    const { name: called } = socket;
    return ok({ name: called, fd: 20 + this.#opened, address: `127.0.0.1:${8_000 + this.#opened}`, inode: 1 });
  }

  assertBacklog(listener: Listener, backlog: number): void {
    this.#log.push(`backlog ${listener.name} ${backlog}`);
  }

  mend({ name: called }: Listener): ReturnType<Listeners["mend"]> {
    const found = this.shut.get(called) ?? "whole";
    this.shut.delete(called);
    return found;
  }

  close(listener: Listener): void {
    this.#log.push(`close ${listener.name}`);
  }
}

/** Files that say what the test says. */
class FakeDisk implements Disk {
  /** What they say when they are read. */
  now: Files = { units: [], settings: [], texts: new Map() };
  faults: readonly [Fault, ...Fault[]] | null = null;

  read(): ReturnType<Disk["read"]> {
    return this.faults ? fail(...this.faults) : ok(this.now);
  }

  texts(): ReadonlyMap<string, string> {
    return this.now.texts;
  }

  readonly accepted = "/srv/app/.supervisor/accepted";
  kept: ReadonlyMap<string, string> | null = null;

  keep(texts: ReadonlyMap<string, string>): null {
    this.kept = texts;
    return null;
  }
}

class FakeSettings implements Settings {
  readonly #log: string[];
  refusal: Fault | null = null;

  constructor(log: string[]) {
    this.#log = log;
  }

  prepare(): ReturnType<Settings["prepare"]> {
    if (this.refusal) return fail(this.refusal);
    return ok({ commit: () => this.#log.push("settings"), abandon: () => this.#log.push("settings abandoned") });
  }
}

class FakePrivateListeners implements PrivateListeners {
  readonly #log: string[];
  readonly #open = new Map<string, PrivateListener>();

  constructor(log: string[]) {
    this.#log = log;
  }

  open(invocation: string): ReturnType<PrivateListeners["open"]> {
    this.#log.push(`private listener of ${name(invocation)}`);
    const listener = { fd: 31, path: `/run/${name(invocation)}`, inode: 3 };
    this.#open.set(invocation, listener);
    return ok(listener);
  }

  of(invocation: string): PrivateListener | null {
    return this.#open.get(invocation) ?? null;
  }

  close(invocation: string): void {
    if (this.#open.delete(invocation)) this.#log.push(`private listener of ${name(invocation)} closed`);
  }
}

class FakeCredentials implements Credentials {
  readonly #log: string[];
  readonly #open = new Set<string>();
  refusal: Fault | null = null;
  /** What somebody else is asked for before a start. */
  awaited: ReturnType<Credentials["keys"]> = null;
  /** The keys that each start was made with. */
  readonly given: (KeysRead | null)[] = [];

  constructor(log: string[]) {
    this.#log = log;
  }

  keys(): ReturnType<Credentials["keys"]> {
    return this.awaited;
  }

  open(unit: Unit, _instance: number, invocation: string, keys: KeysRead | null): ReturnType<Credentials["open"]> {
    this.given.push(keys);
    if (Object.keys(unit.service.loadCredential).length === 0) return ok(null);
    if (this.refusal) return fail(this.refusal);
    this.#log.push(`credentials of ${name(invocation)}`);
    this.#open.add(invocation);
    return ok(`/secret/${name(invocation)}`);
  }

  close(invocation: string): void {
    if (this.#open.delete(invocation)) this.#log.push(`credentials of ${name(invocation)} removed`);
  }
}

class FakeProbing implements Probing {
  readonly #log: string[];
  readonly asked: Question[] = [];
  answered: (answer: Answer) => void = () => {};

  constructor(log: string[]) {
    this.#log = log;
  }

  ask(question: Question): void {
    this.#log.push(`ask ${question.kind} ${name(question.invocation)}`);
    this.asked.push(question);
  }

  cancel(): void {}

  heard(event: ProcessEvent): boolean {
    return event.invocation.includes(".probe-");
  }

  /** Answers the newest question. */
  answer(isOk: boolean, detail = isOk ? "answered 200" : "answered 503"): void {
    const question = this.asked.at(-1);
    if (!question) throw new Error("nothing was asked");
    this.answered({ invocation: question.invocation, kind: question.kind, ok: isOk, detail });
  }
}

/** Shape: `i1` for the first process of a world. */
function name(invocation: string): string {
  return invocation.length === 32 ? `i${Number.parseInt(invocation.slice(24), 16) + 1}` : invocation;
}
