import type { Event } from "../core/event.ts";
import { reloadRefusal } from "../core/reload.ts";
import type { Goal } from "../core/settled.ts";
import { atRest, holdsWork, isUp, mainRun, type State } from "../core/state.ts";
import { selected, stateOf, type World } from "../core/world.ts";
import { type Fault, fail, type Outcome, ok } from "../unit/fault.ts";
import { closure, followers, opponents, parts } from "../unit/graph.ts";
import type { Unit } from "../unit/unit.ts";
import type { Asked } from "./blame.ts";
import type { Loop } from "./loop.ts";
import type { Giver, Order, Outputs, Processes, Releases, Verdict } from "./ports.ts";
import type { Elsewhere, HearAsked, Reconfigure } from "./reconfigure.ts";
import { ticketOf } from "./ticket.ts";
import { done, refused, word } from "./verdict.ts";
import { createWaiters, type Waiters } from "./waiters.ts";

export type OrdersOptions = Readonly<{
  loop: () => Loop;
  processes: Processes;
  outputs: Outputs;
  /** Hears of every wish before it is posted. */
  asked: (asked: Asked) => void;
  reconfigure: Reconfigure["apply"];
  takeBack: Reconfigure["takeBack"];
  /** What is deployed; null: nothing can be. */
  releases: () => Releases | null;
  /** Called when the order to stop everything is given, and when everything has come to rest. */
  shuttingDown: () => void;
  stopped: () => void;
}>;

/** What has proved itself last is to take the place of what is loaded: an order that the supervisor gives itself. */
export type TakeBack = Readonly<{ tag: "take-back" }>;

/** Gives orders to the loop and tells what becomes of them. */
export interface Orders {
  give(order: Order | TakeBack, by?: Giver): Outcome<Promise<readonly Verdict[]>>;
  /** Puts what another disk says in the place of what is loaded. Errors: as for a reconfigure. */
  move(elsewhere: Elsewhere, by: Giver): Outcome<Promise<readonly Verdict[]>>;
  readonly isShuttingDown: boolean;
  /** Call after every turn. */
  turned(world: World, turn: number): void;
}

export function createOrders(options: OrdersOptions): Orders {
  return new OrderDesk(options);
}

type Given = Outcome<Promise<readonly Verdict[]>>;
type Wish = Extract<Event, { tag: `want-${string}` | "reset-failed" }>["tag"];

class OrderDesk implements Orders {
  readonly #options: OrdersOptions;
  readonly #waiters: Waiters;
  #isShuttingDown = false;
  /** What is being given, and by whom. */
  #given: Pick<Asked, "order" | "named" | "by"> = { order: "", named: null, by: nobody };

  constructor(options: OrdersOptions) {
    this.#options = options;
    const { loop, outputs } = options;
    this.#waiters = createWaiters(loop, (verb, unit, settlement) => word(verb, unit, settlement, outputs));
  }

  get #world(): World {
    return this.#options.loop().world;
  }

  get #units(): readonly Unit[] {
    return [...this.#world.units.values()].map(({ unit }) => unit);
  }

  get isShuttingDown(): boolean {
    return this.#isShuttingDown;
  }

  turned(world: World, turn: number): void {
    this.#waiters.turned(world, turn);
  }

  give(order: Order | TakeBack, by: Giver = nobody): Given {
    const verb =
      order.tag === "signal" ? `signal ${order.signal}` : order.tag === "reconfigure" ? "config reload" : order.tag;
    this.#given = { order: verb, named: "units" in order ? order.units : null, by };
    if (this.#isShuttingDown && order.tag !== "stop" && order.tag !== "signal") return fail(shuttingDown);
    switch (order.tag) {
      case "start":
        return this.#start(order.units);
      case "stop":
        return order.units === null ? this.#stopAll() : this.#stop(order.units, order.cascade);
      case "restart":
        return this.#restart(order.units);
      case "reload":
        return ok(this.#reload(order.units));
      case "scale":
        return this.#scale(order);
      case "settle":
        return this.#await("start", order.units, { tag: "up" });
      case "reset-failed":
        this.#wish("reset-failed", order.units);
        return ok(Promise.resolve(order.units.map(done)));
      case "reconfigure":
        return this.#options.reconfigure(this.#waiters.wait, (one) => this.#options.asked({ ...this.#given, ...one }));
      case "take-back":
        return this.#options.takeBack(this.#waiters.wait, (one) => this.#options.asked({ ...this.#given, ...one }));
      case "deploy":
      case "rollback":
        return this.#options.releases()?.give(order, by) ?? fail(undeployable);
      case "signal":
        return ok(Promise.resolve(order.units.map((unit) => this.#signal(unit, order.signal))));
    }
  }

  move(elsewhere: Elsewhere, by: Giver): Given {
    if (this.#isShuttingDown) return fail(shuttingDown);
    const given = { order: elsewhere.verb, named: null, by };
    const hear: HearAsked = (one) => this.#options.asked({ ...given, ...one });
    return this.#options.reconfigure(this.#waiters.wait, hear, elsewhere);
  }

  /** Starts what the units need as well, and stops what they cannot be beside. Source: systemd.unit(5), Requires=, Conflicts=. */
  #start(names: readonly string[]): Given {
    const cleared = this.#clear("start", names);
    if (!cleared.ok) return cleared;
    this.#wish("want-up", [...names, ...cleared.value]);
    return this.#await("start", names, { tag: "up" });
  }

  /** Stops what the units and their needs cannot be beside, and names those needs. Errors: request-invalid where the needs are torn. */
  #clear(verb: string, names: readonly string[]): Outcome<readonly string[]> {
    const named = new Set(names.map(unitOf));
    const starting = new Set(closure(this.#units, [...named]));
    const against = opponents(this.#units, [...starting]);
    const torn = against.filter((unit) => starting.has(unit));
    if (torn.length > 0) return fail(conflict(verb, names, torn));
    const ending = [...against, ...followers(this.#units, against)].filter((unit) => !starting.has(unit));
    this.#wish("want-down", this.#active(ending));
    return ok([...starting].filter((unit) => !named.has(unit)));
  }

  #stop(names: readonly string[], cascade: boolean): Given {
    const whole = names.filter((name) => !name.includes("@"));
    const along = [...names, ...parts(this.#units, whole)];
    const following = this.#active(followers(this.#units, whole)).filter((unit) => !names.includes(unit));
    const needing = following.filter((unit) => !along.includes(unit) && !this.#states(unit).every(atRest));
    if (needing.length > 0 && !cascade) return fail(required(names, needing));
    const stopping = [...following, ...names];
    const resting = stopping.filter((name) => this.#states(name).every(atRest));
    this.#wish("want-down", stopping);
    const moving = stopping.filter((name) => !resting.includes(name));
    const goals = moving.map((unit) => ({ unit, goal: { tag: "down" } as const }));
    return ok(this.#waiters.wait("stop", goals).then((verdicts) => [...resting.map(done), ...verdicts]));
  }

  #stopAll(): Given {
    if (!this.#isShuttingDown) this.#options.shuttingDown();
    this.#isShuttingDown = true;
    const all = [...this.#world.units.keys()];
    this.#wish("want-down", all);
    const given = this.#await("stop", all, { tag: "down" });
    if (given.ok) void given.value.then(this.#options.stopped);
    return given;
  }

  /** Those that require a unit, or are part of it, are restarted with it when they run. Source: systemd.unit(5), PartOf=. */
  #restart(names: readonly string[]): Given {
    const cleared = this.#clear("restart", names);
    if (!cleared.ok) return cleared;
    const whole = names.filter((name) => !name.includes("@"));
    this.#wish("want-up", cleared.value);
    this.#wish("want-restart", [...names, ...this.#active(followers(this.#units, whole))]);
    return this.#await("restart", names, { tag: "up" });
  }

  #scale({ units, count, relative }: Extract<Order, { tag: "scale" }>): Given {
    const wanted = units.map(unitOf).map((unit) => {
      const now = this.#world.units.get(unit)?.target ?? 0;
      return { unit, count: relative ? now + count : count };
    });
    const wrong = wanted.find((one) => one.count < 1 || one.count > mostInstances);
    if (wrong) return fail(notScalable(wrong.unit, wrong.count));
    this.#options.asked({ ...this.#given, wish: "scale", units: wanted.map(({ unit }) => unit) });
    for (const one of wanted) this.#options.loop().post({ tag: "scale", ...one });
    return this.#await(
      "scale",
      wanted.map(({ unit }) => unit),
      { tag: "scaled" },
    );
  }

  /** One wish for all that are handed over: the gates let them begin in order. Source: the contract, `reload`. */
  #reload(names: readonly string[] | null): Promise<readonly Verdict[]> {
    const all = names ?? this.#reloadable();
    const handed = all.filter((name) => this.#refusal(name) === null && this.#modeOf(name) === "handover");
    const goals = handed.map((name) => ({ unit: name, goal: ticketOf(this.#world, name) }));
    this.#wish("want-reload", handed);
    const others = all.filter((name) => !handed.includes(name)).map((name) => this.#reloadOtherwise(name));
    return Promise.all([...others, this.#waiters.wait("reload", goals)]).then((verdicts) => verdicts.flat());
  }

  #reloadOtherwise(name: string): Promise<readonly Verdict[]> {
    const refusal = this.#refusal(name);
    if (refusal !== null) return Promise.resolve([refused("reload", name, refusal)]);
    if (this.#modeOf(name) === "signal") return this.#reloadInPlace(name);
    this.#wish("want-restart", [name]);
    return this.#waiters.wait("reload", [{ unit: name, goal: { tag: "up" } }]);
  }

  /** Source: systemd.service(5), ExecReload=; without one, SIGHUP to the main process. */
  #reloadInPlace(name: string): Promise<readonly Verdict[]> {
    const unit = this.#world.units.get(unitOf(name))?.unit;
    if (!unit || unit.service.execReload.length === 0) return Promise.resolve([this.#signal(name, "SIGHUP")]);
    if (!this.#states(name).some(isUp)) return Promise.resolve([refused("reload", name, "is not up yet")]);
    const tickets: Record<number, number> = {};
    for (const { instance } of selected(this.#world, name)) {
      const state = stateOf(this.#world, { unit: unit.name, instance });
      if (state && isUp(state)) tickets[instance] = state.reload.began + (state.chore?.kind === "reload" ? 0 : 1);
    }
    this.#wish("want-reload-command", [name]);
    return this.#waiters.wait("reload", [{ unit: name, goal: { tag: "commanded", tickets } }]);
  }

  #refusal(name: string): string | null {
    const entry = this.#world.units.get(unitOf(name));
    return entry ? reloadRefusal(entry) : "is not there";
  }

  #modeOf(name: string): Unit["service"]["reloadMode"] | undefined {
    return this.#world.units.get(unitOf(name))?.unit.service.reloadMode;
  }

  /** What "every unit that can" means: those that run and would not be refused, and whose reload is no downtime. */
  #reloadable(): readonly string[] {
    return [...this.#world.units.values()]
      .filter((entry) => entry.unit.service.reloadMode !== "restart" && reloadRefusal(entry) === null)
      .map(({ unit }) => unit.name);
  }

  #signal(name: string, signal: Extract<Order, { tag: "signal" }>["signal"]): Verdict {
    const main = this.#states(name).flatMap((state) => mainRun(state) ?? []);
    if (main.length === 0) return refused("signal", name, "has no running process");
    this.#options.asked({ ...this.#given, wish: "signal", units: [name] });
    for (const run of main) this.#options.processes.signal(run.invocation, signal, "main");
    return done(name);
  }

  #states(name: string): readonly State[] {
    return selected(this.#world, name).flatMap((whom) => stateOf(this.#world, whom) ?? []);
  }

  #active(names: readonly string[]): readonly string[] {
    const isActive = (name: string): boolean =>
      this.#states(name).some((state) => state.wanted === "up" && (!atRest(state) || holdsWork(state)));
    return [...new Set(names)].filter(isActive);
  }

  #wish(tag: Wish, units: readonly string[]): void {
    if (units.length === 0) return;
    this.#options.asked({ ...this.#given, wish: tag, units });
    this.#options.loop().post({ tag: "order", units, event: { tag } });
  }

  #await(verb: string, names: readonly string[], goal: Goal): Given {
    return ok(
      this.#waiters.wait(
        verb,
        names.map((unit) => ({ unit, goal })),
      ),
    );
  }
}

const nobody: Giver = { tag: "client", user: null, uid: null, pid: null, command: null };

/** More instances than this are a slip of the keyboard. */
const mostInstances = 1000;

const unitOf = (name: string): string => name.split("@")[0] ?? name;

const shuttingDown: Fault = { code: "shutting-down", message: "the supervisor is stopping", retry: "later" };

const undeployable: Fault = { code: "not-supported", message: "nothing can be deployed here", retry: "never" };

function required(names: readonly string[], needed: readonly string[]): Fault {
  const message = `${names.join(", ")}: required by ${needed.join(", ")}; stop them first, or all together with --cascade`;
  return { code: "unit-required", message, retry: "later" };
}

function conflict(verb: string, names: readonly string[], torn: readonly string[]): Fault {
  const message = `${verb} ${names.join(", ")}: needs units that conflict with each other: ${torn.join(", ")}`;
  return { code: "request-invalid", message, retry: "never" };
}

function notScalable(unit: string, count: number): Fault {
  const why = count < 1 ? "is too few; to have none, stop it" : `is more than ${mostInstances}`;
  return { code: "request-invalid", message: `scale ${unit}: ${count} ${why}`, retry: "never", unit };
}
