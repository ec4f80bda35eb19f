import { Daemon, type Ports } from "../../supervisor/daemon/daemon.ts";
import type { Told } from "../../supervisor/daemon/happening.ts";
import type { Desk, Order, Verdict } from "../../supervisor/daemon/ports.ts";
import type { Identity } from "../../supervisor/daemon/status.ts";
import type { Command } from "../../supervisor/unit/command.ts";
import { type Fault, fail, type Outcome, ok } from "../../supervisor/unit/fault.ts";
import type { UnitStatus } from "../../supervisor/unit/status.ts";
import type { BindableSocket, SignalName, Unit } from "../../supervisor/unit/unit.ts";
import { FakeHistoryFiles } from "./fake-history.ts";
import { Fakes } from "./fakes.ts";

const supervisor: Identity = {
  pid: 1,
  version: "0.1.0",
  runtime: "bun 1.4.5",
  started_at: "2026-01-01T00:00:00.000Z",
  root: "/srv/app",
};

/** A whole daemon on virtual ports. */
export class Rig {
  readonly fakes = new Fakes();
  readonly told: (Told & { pid: number | null })[] = [];
  readonly history = new FakeHistoryFiles();
  readonly daemon: Daemon;
  commandFault: Fault | null = null;
  /** How often the way out was announced. */
  shutdowns = 0;

  constructor(...units: readonly Unit[]) {
    const { clock, listeners, outputs, processes, privates, credentials, probing, disk, settings } = this.fakes;
    disk.now = { units, settings: [], texts: textsOf(units) };
    this.daemon = new Daemon(disk.now, supervisor, {
      clock,
      disk,
      settings,
      listeners,
      outputs,
      processes: (post) => {
        processes.hear = post;
        return processes;
      },
      probing: (_processes, _privates, answered) => {
        probing.answered = answered;
        return probing;
      },
      privates,
      credentials,
      dice: () => ({ roll: 0, nonce: "0".repeat(24) }),
      journal: { keep: () => {}, write: (told, pid) => this.told.push({ ...told, pid }) },
      command: (_unit, _instance, extra) => this.#command(["bun", "main.ts"], extra),
      realPath: (path) => path,
      commandLine: (_unit, _instance, { argv, extra }) => this.#command(argv, extra),
      socketsToBind: (unit) => ok(unit.sockets as readonly BindableSocket[]),
      history: this.history,
      outputFile: (unit) => `/srv/app/.supervisor/logs/${unit}.log`,
      shuttingDown: () => {
        this.shutdowns++;
      },
      ...this.morePorts(),
    });
  }

  /** Called before anything else of a class that has more. */
  protected morePorts(): Partial<Ports> {
    return {};
  }

  #command(argv: Command["argv"], extra: Readonly<Record<string, string>> = {}): Outcome<Command> {
    return this.commandFault ? fail(this.commandFault) : ok({ argv, env: { PORT: "1", ...extra }, cwd: "/" });
  }

  get desk(): Desk {
    return this.daemon.desk;
  }

  get log(): readonly string[] {
    return this.fakes.log;
  }

  /** Gives an order that must be taken. Errors: throws when it is refused at once. */
  order(order: Order): Promise<readonly Verdict[]> {
    const given = this.desk.order(order);
    if (!given.ok) throw new Error(given.faults[0].message);
    return given.value;
  }

  start(...units: readonly string[]): Promise<readonly Verdict[]> {
    return this.order({ tag: "start", units });
  }

  /** Starts the units, each of which says READY in its turn. */
  async up(...units: readonly string[]): Promise<void> {
    const started = this.start(...units);
    this.ready(...units);
    await started;
  }

  ready(...units: readonly string[]): void {
    for (const unit of units) this.fakes.processes.say(this.newest(unit));
  }

  exit(unit: string, how: number | SignalName = 0): void {
    this.fakes.processes.exit(this.newest(unit), how);
  }

  newest(unit: string): string {
    return this.fakes.processes.newest(unit);
  }

  advance(spanMs: number): void {
    this.fakes.clock.advance(spanMs);
  }

  /** From now on the files say this. */
  edit(...units: readonly Unit[]): void {
    this.fakes.disk.now = { units, settings: [], texts: textsOf(units) };
  }

  unit(name: string): UnitStatus {
    const unit = this.desk.status().units.find((one) => one.name === name);
    if (!unit) throw new Error(`no status of ${name}`);
    return unit;
  }

  /** True while the promise has no value yet, after everything that is due now was done. */
  async isOpen(promise: Promise<unknown>): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve));
    const open = Symbol("open");
    return (await Promise.race([promise, Promise.resolve(open)])) === open;
  }
}

/** A text for each unit that differs when the unit does. */
export function textsOf(units: readonly Unit[]): ReadonlyMap<string, string> {
  return new Map(units.map((unit) => [unit.file, JSON.stringify(unit)]));
}
