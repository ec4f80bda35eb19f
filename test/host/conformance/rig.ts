import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProcessEvent, SpawnOrder } from "../../../supervisor/daemon/ports.ts";
import type { Heritage } from "../../../supervisor/host/estate.ts";
import { createGroups, type Groups } from "../../../supervisor/host/groups.ts";
import type { Ledger } from "../../../supervisor/host/ledger.ts";
import { createPipes } from "../../../supervisor/host/pipes.ts";
import { createProcesses, type HostProcesses } from "../../../supervisor/host/process.ts";
import { createReactor, type Reactor } from "../../../supervisor/host/reactor.ts";
import type { Pipes, PipeWatch } from "../../../supervisor/output/pipes.ts";

const PATH = "/usr/local/bin:/usr/bin:/bin";
const LIMIT_MS = 10_000;

type EventOf<Tag extends ProcessEvent["tag"]> = Extract<ProcessEvent, { tag: Tag }>;
/** `marked`: with INVOCATION_ID in the environment, as the daemon has it. */
type Ask = Partial<Omit<SpawnOrder, "invocation" | "stdout" | "stderr"> & { marked: boolean }>;
export type RigOptions = Readonly<
  { grouped?: boolean; groups?: Groups; ledger?: (rig: Rig) => Ledger } & Pick<Heritage, "past">
>;

/** The real host with a directory of its own, and a memory of everything it reported. */
export class Rig {
  readonly dir = mkdtempSync(join(tmpdir(), "host-"));
  readonly reactor: Reactor = createReactor();
  readonly pipes: Pipes = createPipes(this.reactor);
  readonly events: ProcessEvent[] = [];
  /** What would be told to the journal. */
  readonly notes: string[] = [];
  readonly processes: HostProcesses;
  readonly #waiting = new Set<() => void>();
  readonly #children: Child[] = [];

  /** `grouped`: with control groups, where they may be made. */
  constructor({ grouped = false, groups, ledger, past }: RigOptions = {}) {
    const note = (text: string): void => {
      this.notes.push(text);
    };
    this.processes = createProcesses({
      reactor: this.reactor,
      runtimeDir: join(this.dir, "run"),
      post: (event) => {
        this.events.push(event);
        this.wake();
      },
      groups: groups ?? (grouped ? createGroups({ note }) : null),
      ...(ledger && { ledger: ledger(this) }),
      ...(past && { past }),
      note,
    });
  }

  spawn(argv: SpawnOrder["argv"], { marked = false, ...ask }: Ask = {}): Child {
    const child = new Child(this);
    this.#children.push(child);
    const bounds = { privileges: null, resources: null, keeper: "unit@1" };
    const env = { PATH, ...(marked && { INVOCATION_ID: child.invocation }) };
    child.start(argv, { env, cwd: this.dir, listeners: [], notify: false, ...bounds, ...ask });
    return child;
  }

  shell(script: string, ask: Ask = {}): Child {
    return this.spawn(["/bin/sh", "-c", script], ask);
  }

  /** Waits until `found` answers something, looked at again after each event and each chunk of output. */
  until<T>(what: string, found: () => T | null | undefined | false, limitMs = LIMIT_MS): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const value = found();
        if (!value) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(value);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`not within ${limitMs} ms: ${what}; events: ${JSON.stringify(this.events.slice(-8))}`));
      }, limitMs);
      this.#waiting.add(look);
      look();
    });
  }

  wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  async close(): Promise<void> {
    for (const { invocation } of this.#children) this.processes.signal(invocation, "SIGKILL", "group");
    for (const child of this.#children) await child.gone();
    for (const child of this.#children) child.closePipes();
    this.processes.close();
    this.reactor.close();
    rmSync(this.dir, { recursive: true });
  }
}

/** One invocation and what it printed. */
export class Child {
  readonly invocation = randomBytes(16).toString("hex");
  stdout = "";
  stdoutBytes = 0;
  readonly #rig: Rig;
  #close: () => void = () => undefined;
  #watch: PipeWatch | null = null;

  constructor(rig: Rig) {
    this.#rig = rig;
  }

  start(argv: SpawnOrder["argv"], ask: Omit<SpawnOrder, "invocation" | "argv" | "stdout" | "stderr">): void {
    const { pipes, processes } = this.#rig;
    const [out, err] = [pipes.open(), pipes.open()];
    const decoder = new TextDecoder();
    this.#watch = pipes.watch(
      out.read,
      (bytes) => {
        this.stdoutBytes += bytes.length;
        if (this.stdoutBytes < 100_000) this.stdout += decoder.decode(bytes, { stream: true });
        this.#rig.wake();
      },
      () => undefined,
    );
    processes.spawn({ invocation: this.invocation, argv, ...ask, stdout: out.write, stderr: err.write });
    pipes.close(out.write);
    pipes.close(err.write);
    this.#close = () => {
      pipes.close(out.read);
      pipes.close(err.read);
    };
  }

  /** Reads all that is there now. Gives how much there was since the start. */
  read(): number {
    this.#watch?.pump();
    return this.stdoutBytes;
  }

  seen<Tag extends ProcessEvent["tag"]>(tag: Tag): EventOf<Tag> | undefined {
    return this.#rig.events.find((event) => event.tag === tag && event.invocation === this.invocation) as EventOf<Tag>;
  }

  /** Resolves when it was told, with all in `stdout` that was printed before. */
  async until<Tag extends ProcessEvent["tag"]>(tag: Tag): Promise<EventOf<Tag>> {
    const event = await this.#rig.until(tag, () => this.seen(tag));
    this.read();
    return event;
  }

  untilPrinted(text: string): Promise<true> {
    return this.#rig.until(`"${text}" printed`, () => this.stdout.includes(text) || null);
  }

  get pid(): number {
    return this.seen("spawned")?.pid ?? 0;
  }

  /** Resolves when nobody of it is left. */
  async gone(): Promise<void> {
    if (!this.seen("spawned") || this.seen("spawn-failed")) return;
    const { survivors } = await this.until("exited");
    if (survivors.length > 0) await this.until("emptied");
  }

  closePipes(): void {
    this.#close();
  }
}

/** Runs a case with a rig that is taken down in any case. */
export async function withRig(use: (rig: Rig) => Promise<void>, options: RigOptions = {}): Promise<void> {
  const rig = new Rig(options);
  try {
    await use(rig);
  } finally {
    await rig.close();
  }
}

export function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}
