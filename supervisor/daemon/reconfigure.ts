import type { Phase } from "../core/state.ts";
import type { UnitState, World } from "../core/world.ts";
import { type Fault, fail, type Outcome, ok } from "../unit/fault.ts";
import {
  type ConfigPlan,
  type Known,
  outdatedKeys,
  type Plan,
  planUnits,
  readAnew,
  type UnitPlan,
} from "../unit/plan.ts";
import { lineOf, positions } from "../unit/position.ts";
import { changedSettings, type Setting } from "../unit/setting.ts";
import type { BindableSocket, Unit } from "../unit/unit.ts";
import type { Asked as BlamedWish } from "./blame.ts";
import { type Changes, createChanges } from "./changes.ts";
import { type Told, told as toldOf } from "./happening.ts";
import type { Loop } from "./loop.ts";
import type { Disk, Files, Outputs, Pending, Settings, Verdict } from "./ports.ts";
import type { Probation } from "./probation.ts";
import type { Programs } from "./programs.ts";
import { refusals } from "./refusals.ts";
import type { Sockets } from "./sockets.ts";
import { done } from "./verdict.ts";
import type { Awaited, Waiters } from "./waiters.ts";
import { type Asked, wishesOf } from "./wishes.ts";

export type ReconfigureOptions = Readonly<{
  /** What is loaded at first. */
  files: Files;
  loop: () => Loop;
  /** Where they are from. */
  disk: Disk;
  settings: Settings;
  sockets: Sockets;
  programs: Pick<Programs, "definitionsOf">;
  outputs: Outputs;
  toBind: (unit: Unit) => Outcome<readonly BindableSocket[]>;
  /** Makes the command line of a unit's first instance, for its faults. */
  command: (unit: Unit) => Outcome<unknown>;
  /** Tells the processes of these units that their settings have changed. */
  readAnew: (units: readonly string[]) => void;
  probation: Pick<Probation, "begin" | "fail" | "end" | "isOn">;
  note: (one: Told) => void;
}>;

/** Hears of every wish before it is posted, with the keys that it comes from. */
export type HearAsked = (one: Pick<BlamedWish, "wish" | "units" | "keys">) => void;

/** From where everything is to be read from now on, and what that is called. Shape: `deploy v2`. */
export type Elsewhere = Readonly<{ disk: Disk; verb: string }>;

/** Puts what the files say in the place of what is loaded, all of it or nothing. */
export interface Reconfigure {
  /** What `apply` would do now, with another disk where one is given. Errors: those that it would be refused with. */
  plan(disk?: Disk): Outcome<Plan>;
  /** Errors: every fault of the files, of the listeners and of the command lines; then nothing has changed. */
  apply(wait: Waiters["wait"], hear: HearAsked, elsewhere?: Elsewhere): Outcome<Promise<readonly Verdict[]>>;
  /** Puts what has proved itself last in the place of what is loaded, whatever the files say. Errors: as `apply`. */
  takeBack(wait: Waiters["wait"], hear: HearAsked): Outcome<Promise<readonly Verdict[]>>;
  /** What is loaded has proved itself. */
  proved(): void;
  settings(): readonly Setting[];
  /** Looks whether the files differ from what is loaded. */
  look(): boolean;
  readonly changes: Pick<Changes, "has" | "any">;
  /** Whether a process of the unit runs with an older definition than the one that is loaded. */
  isOutdated(entry: UnitState): boolean;
}

export function createReconfigure(options: ReconfigureOptions): Reconfigure {
  return new Transaction(options);
}

/** A plan that cannot fail any more. */
type Made = Readonly<{ files: Files; plan: Plan; pending: readonly Pending[] }>;

class Transaction implements Reconfigure {
  readonly #options: ReconfigureOptions;
  readonly changes: Changes;
  #settings: readonly Setting[];
  #loaded: Files;
  /** What is gone back to. */
  #good: Files;
  #disk: Disk;

  constructor(options: ReconfigureOptions) {
    this.#options = options;
    this.#loaded = options.files;
    this.#good = options.files;
    this.changes = createChanges(options.files.texts);
    this.#settings = options.files.settings;
    this.#disk = options.disk;
  }

  get #world(): World {
    return this.#options.loop().world;
  }

  settings(): readonly Setting[] {
    return this.#settings;
  }

  look(): boolean {
    return this.changes.look(this.#disk.texts());
  }

  isOutdated(entry: UnitState): boolean {
    const started = this.#options.programs.definitionsOf(entry);
    return started.some((unit) => unit !== entry.unit) && outdatedKeys(started, entry.unit).length > 0;
  }

  proved(): void {
    this.#good = this.#loaded;
  }

  takeBack(wait: Waiters["wait"], hear: HearAsked): Outcome<Promise<readonly Verdict[]>> {
    const made = this.#prepare(ok(this.#good));
    if (!made.ok) return this.#refuse(made.faults);
    const verdicts = this.#take(made.value, wait, hear, RELOAD);
    // The files say something else now, and nobody has touched them.
    this.look();
    return ok(verdicts);
  }

  plan(disk: Disk = this.#disk): Outcome<Plan> {
    const made = this.#prepare(disk.read());
    if (!made.ok) return made;
    for (const one of made.value.pending) one.abandon();
    return ok(made.value.plan);
  }

  apply(
    wait: Waiters["wait"],
    hear: HearAsked,
    { disk, verb }: Elsewhere = { disk: this.#disk, verb: RELOAD },
  ): Outcome<Promise<readonly Verdict[]>> {
    const { probation } = this.#options;
    const made = this.#prepare(disk.read());
    if (!made.ok) return this.#refuse(made.faults);
    const { files, plan } = made.value;
    this.#disk = disk;
    // A deployment has a gate and a way back of its own.
    const resettled = verb === RELOAD ? plan.units.filter(isResettled) : [];
    if (verb !== RELOAD) probation.end();
    probation.begin(resettled.filter(({ reason }) => reason === readAnew).map(({ unit }) => unit));
    const verdicts = this.#take(made.value, wait, hear, verb);
    if (resettled.length === 0 && !probation.isOn) this.#good = files;
    return ok(resettled.length === 0 ? verdicts : this.#onProbation(resettled, verdicts));
  }

  #refuse(faults: readonly [Fault, ...Fault[]]): Outcome<never> {
    const units = [...this.#world.units.values()].map(({ unit }) => unit);
    for (const one of refusals(faults, units)) this.#options.note(one);
    return fail(...faults);
  }

  /** A new process is on probation from when it has taken over. */
  async #onProbation(units: readonly UnitPlan[], given: Promise<readonly Verdict[]>): Promise<readonly Verdict[]> {
    const { probation } = this.#options;
    const verdicts = await given;
    for (const { unit, reason } of units) {
      const verdict = verdicts.find((one) => one.unit === unit);
      if (reason !== readAnew) probation.begin([unit]);
      if (verdict && verdict.result !== "done") probation.fail(unit, verdict.message);
    }
    return verdicts;
  }

  /** Puts it all in place. Nothing can fail any more. */
  #take(
    { files, plan, pending }: Made,
    wait: Waiters["wait"],
    hear: HearAsked,
    verb: string,
  ): Promise<readonly Verdict[]> {
    const { loop, note, sockets, outputs } = this.#options;
    const asked = wishesOf(plan, this.#world, files.units, (unit) => this.#definitionsOf(unit));
    for (const one of pending) one.commit();
    this.#settings = files.settings;
    this.#loaded = files;
    this.changes.loaded(files.texts);
    // Whoever is started by what follows, or told, is to find it there.
    const unkept = this.#disk.keep(files.texts);
    if (unkept !== null) note(toldOf("warn", "config.unkept", unkept));
    note(toldOf("info", "config.reloaded", summary(plan)));
    for (const one of reasonsOf(plan, asked)) hear(one);
    loop().post({ tag: "reconfigure", units: files.units, wishes: asked.wishes });
    this.#readAnew(plan);
    for (const unit of changed(plan, files.units)) {
      sockets.assertBacklogs(unit);
      outputs.limit(unit);
    }
    return this.#verdicts(plan, asked, (goals) => wait(verb, goals), verb);
  }

  /** Reads, checks, and makes ready all that can fail. Nothing that is loaded or open is touched. */
  #prepare(read: Outcome<Files>): Outcome<Made> {
    const { toBind, sockets, settings, command } = this.#options;
    if (!read.ok) return read;
    const files = read.value;
    const filled = (unit: Unit): Unit => {
      const bound = toBind(unit);
      return bound.ok ? { ...unit, sockets: bound.value } : unit;
    };
    const known = this.#known(filled);
    const units = planUnits(known, files.units.map(filled));
    const renewed = new Set(units.filter(({ action }) => renewing.has(action)).map(({ unit }) => unit));
    const running = known.filter(({ standing }) => standing === "running").map(({ unit }) => unit.name);
    const tried = [
      ...files.units.filter(({ name }) => renewed.has(name)).map(command),
      sockets.prepare(files.units, new Set([...renewed, ...running]), this.#world),
      settings.prepare(files.settings),
    ] as const;
    const faults = tried.flatMap((one) => (one.ok ? [] : one.faults)).map((fault) => lined(fault, files));
    const pending = tried.flatMap((one) => (one.ok && isPending(one.value) ? [one.value] : []));
    const [first, ...rest] = faults;
    if (!first) return ok({ files, plan: { units, config: configPlan(this.#settings, files) }, pending });
    for (const one of pending) one.abandon();
    return fail(first, ...rest);
  }

  /** A unit that is to go and is still needed counts as loaded: its file may be back. */
  #known(filled: (unit: Unit) => Unit): readonly Known[] {
    return [...this.#world.units.values()]
      .filter(({ target, instances }) => target > 0 || instances.some(({ wanted }) => wanted === "up"))
      .map((entry) => ({
        unit: filled(entry.unit),
        standing: standingOf(entry),
        started: this.#options.programs.definitionsOf(entry).map(filled),
      }));
  }

  #definitionsOf(unit: string): readonly Unit[] {
    const entry = this.#world.units.get(unit);
    return entry ? [entry.unit, ...this.#options.programs.definitionsOf(entry)] : [];
  }

  #readAnew({ units }: Plan): void {
    const told = units.filter(({ reason }) => reason === readAnew);
    this.#options.readAnew(told.map(({ unit }) => unit));
    for (const { unit, keys } of told) {
      const why = keys.join(", ");
      this.#options.note({ ...toldOf("info", "config.told", `its processes are told of ${why}`), unit, why });
    }
  }

  async #verdicts(plan: Plan, asked: Asked, wait: Wait, verb: string): Promise<readonly Verdict[]> {
    const waited = asked.goals.map(async (one) => (await wait([one]))[0] ?? done(one.unit));
    const late = asked.late.map(async ({ unit, after }) => {
      await Promise.all(waited.filter((_, at) => after.includes(asked.goals[at]?.unit ?? "")));
      return this.#stopLate(unit, wait);
    });
    const verdicts = new Map((await Promise.all([...waited, ...late])).map((verdict) => [verdict.unit, verdict]));
    return plan.units
      .filter(({ action }) => action !== "nothing")
      .map((one) => worded(verb, one, verdicts.get(one.unit) ?? done(one.unit)));
  }

  async #stopLate(unit: string, wait: Wait): Promise<Verdict> {
    // Its file may be back since.
    if (this.#world.units.get(unit)?.target !== 0) return done(unit);
    this.#options.loop().post({ tag: "order", units: [unit], event: { tag: "want-down" } });
    return (await wait([{ unit, goal: { tag: "down" } }]))[0] ?? done(unit);
  }
}

/** What is asked of whom, unit by unit, since each has keys of its own. */
function reasonsOf({ units }: Plan, { wishes }: Asked): readonly Parameters<HearAsked>[0][] {
  const keysOf = (name: string) => units.find(({ unit }) => unit === name)?.keys ?? [];
  return wishes.flatMap((wish) => {
    const names = wish.tag === "scale" ? [wish.unit] : wish.units;
    const tag = (wish.tag === "scale" ? wish.tag : wish.event.tag) as BlamedWish["wish"];
    return names.map((name) => ({ wish: tag, units: [name], keys: keysOf(name) }));
  });
}

const RELOAD = "config reload";

type Wait = (goals: readonly Awaited[]) => Promise<readonly Verdict[]>;

/** Its processes get other settings. Keys of the unit's own are another matter: see ADR 14. */
const isResettled = ({ keys, action }: UnitPlan): boolean =>
  action !== "stop" && keys.some((key) => key.startsWith("config."));

/** Those of which a new process is started, so that what it takes is looked at before. */
const renewing: ReadonlySet<UnitPlan["action"]> = new Set(["handover", "restart", "start"]);

function isPending(value: unknown): value is Pending {
  return typeof value === "object" && value !== null && "commit" in value;
}

function standingOf({ instances }: UnitState): Known["standing"] {
  if (instances.some(({ phase }) => "run" in phase)) return "running";
  return instances.some(({ wanted, phase }) => wanted === "up" && down.has(phase.tag)) ? "broken" : "resting";
}

/** Where nobody serves: one that is ended for a failure leaves, and comes back. */
const down: ReadonlySet<Phase["tag"]> = new Set(["stopping", "waiting", "failed"]);

function configPlan(before: readonly Setting[], { settings, units }: Files): ConfigPlan {
  const keys = changedSettings(before, settings);
  const read = new Set(["supervisor", "credentials", "release", ...units.flatMap(({ service }) => service.config)]);
  const unread = keys.some((key) => !read.has(key.split(".")[0] ?? ""));
  const reason = unread ? "a service that does not say what it reads (service.config) reads it when it starts" : null;
  return { action: keys.length > 0 ? "live" : "nothing", keys, reason };
}

/** Finds the line where a fault knows only the key. */
function lined(fault: Fault, { texts }: Files): Fault {
  const { at } = fault;
  const text = at && texts.get(at.file);
  if (!at || at.key === undefined || at.line !== undefined || text === undefined) return fault;
  return { ...fault, at: { ...at, line: lineOf(positions(text), at.key) } };
}

function changed(plan: Plan, units: readonly Unit[]): readonly Unit[] {
  const names = new Set(plan.units.filter(({ keys }) => keys.length > 0).map(({ unit }) => unit));
  return units.filter(({ name }) => names.has(name));
}

/** Shape: `api handover, redis start`. */
function summary({ units, config }: Plan): string {
  const moved = units.filter(({ action }) => action !== "nothing").map(({ unit, action }) => `${unit} ${action}`);
  const all = config.action === "nothing" ? moved : [...moved, `config ${config.keys.join(", ")}`];
  return all.length > 0 ? all.join(", ") : "nothing has changed";
}

const said: Readonly<Record<UnitPlan["action"], string>> = {
  nothing: "has not changed",
  live: "changed, and no process was touched",
  handover: "handed over",
  restart: "restarted",
  start: "started",
  stop: "stopped",
};

/** Shape: `config reload api: handed over (service.environment.PORT)`. */
function worded(verb: string, { unit, action, keys, reason }: UnitPlan, verdict: Verdict): Verdict {
  if (verdict.result !== "done") return verdict;
  const isTold = reason === readAnew;
  const why = [...(reason === null || isTold ? [] : [reason]), ...keys].join(", ");
  return {
    ...verdict,
    message: `${verb} ${unit}: ${isTold ? "told to read its settings anew" : said[action]}${why === "" ? "" : ` (${why})`}`,
  };
}
