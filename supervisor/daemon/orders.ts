import { describe, faultCode, root } from "../core/cause.ts";
import type { Event } from "../core/event.ts";
import { reloadRefusal } from "../core/reload.ts";
import { type Goal, type Settlement, settled } from "../core/settled.ts";
import { atRest, mainRun } from "../core/state.ts";
import type { World } from "../core/world.ts";
import { type Fault, fail, type Outcome, ok } from "../unit/fault.ts";
import { closure, dependents } from "../unit/graph.ts";
import type { Unit } from "../unit/unit.ts";
import type { Loop } from "./loop.ts";
import type { Order, Outputs, Processes, Verdict } from "./ports.ts";

export type OrdersOptions = Readonly<{
  loop: () => Loop;
  processes: Processes;
  outputs: Outputs;
  /** Called when the order to stop everything is given, and when everything has come to rest. */
  shuttingDown: () => void;
  stopped: () => void;
}>;

/** Gives orders to the loop and waits for what becomes of them, without ever holding it up. */
export interface Orders {
  give(order: Order): Outcome<Promise<readonly Verdict[]>>;
  /** Looks whether somebody's order has come to its end. Call after every turn. */
  turned(world: World): void;
}

type Waiter = Readonly<{ unit: string; goal: Goal; verb: string; resolve: (verdict: Verdict) => void }>;

export function createOrders(options: OrdersOptions): Orders {
  return new OrderBook(options);
}

class OrderBook implements Orders {
  readonly #options: OrdersOptions;
  #waiters: Waiter[] = [];
  #isShuttingDown = false;

  constructor(options: OrdersOptions) {
    this.#options = options;
  }

  get #world(): World {
    return this.#options.loop().world;
  }

  get #units(): readonly Unit[] {
    return [...this.#world.units.values()].map(({ unit }) => unit);
  }

  give(order: Order): Outcome<Promise<readonly Verdict[]>> {
    if (this.#isShuttingDown && order.tag !== "stop" && order.tag !== "signal") return fail(shuttingDown);
    switch (order.tag) {
      case "start":
        return this.#wish("start", closure(this.#units, order.units), "want-up", order.units, { tag: "up" });
      case "stop":
        return this.#stop(order.units, order.cascade);
      case "restart":
        return this.#wish("restart", this.#withDependents(order.units), "want-restart", order.units, { tag: "up" });
      case "reload":
        return ok(this.#reload(order.units));
      case "reset-failed":
        this.#post(order.units, "reset-failed");
        return ok(Promise.resolve(order.units.map((unit) => done(unit))));
      case "signal":
        return ok(Promise.resolve(order.units.map((unit) => this.#signal(unit, order.signal))));
    }
  }

  turned(world: World): void {
    if (this.#waiters.length === 0) return;
    const open: Waiter[] = [];
    for (const waiter of this.#waiters) {
      const settlement = settled(world, waiter.unit, waiter.goal);
      if (settlement) waiter.resolve(this.#verdict(waiter.verb, waiter.unit, settlement));
      else open.push(waiter);
    }
    this.#waiters = open;
  }

  #stop(units: readonly string[] | null, cascade: boolean): Outcome<Promise<readonly Verdict[]>> {
    if (units === null) {
      if (!this.#isShuttingDown) this.#options.shuttingDown();
      this.#isShuttingDown = true;
      const all = [...this.#world.units.keys()];
      const given = this.#wish("stop", all, "want-down", all, { tag: "down" });
      if (given.ok) void given.value.then(this.#options.stopped);
      return given;
    }
    const needed = this.#activeDependents(units);
    if (needed.length > 0 && !cascade) return fail(required(units, needed));
    return this.#wish("stop", [...needed, ...units], "want-down", [...needed, ...units], { tag: "down" });
  }

  /** The units themselves and those that require them and run: they are restarted with them, as with systemd. */
  #withDependents(units: readonly string[]): readonly string[] {
    return [...units, ...this.#activeDependents(units)];
  }

  #activeDependents(units: readonly string[]): readonly string[] {
    const found = new Set(units.flatMap((unit) => dependents(this.#units, unit)));
    const active = (name: string): boolean =>
      this.#world.units.get(name)?.instances.some((state) => state.wanted === "up" && !atRest(state)) ?? false;
    return [...found].filter((name) => !units.includes(name) && active(name));
  }

  #wish(
    verb: string,
    units: readonly string[],
    tag: "want-up" | "want-down" | "want-restart",
    awaited: readonly string[],
    goal: Goal,
  ): Outcome<Promise<readonly Verdict[]>> {
    this.#post(units, tag);
    return ok(
      this.#await(
        verb,
        awaited.map((unit) => ({ unit, goal })),
      ),
    );
  }

  #reload(units: readonly string[] | null): Promise<readonly Verdict[]> {
    const names = units ?? this.#reloadable();
    const given = names.map((unit) => this.#reloadOne(unit));
    const queued = given.flatMap(({ unit, tag }) => (tag === "handover" ? [unit] : []));
    const goals = queued.map((unit) => ({ unit, goal: this.#ticket(unit) }));
    this.#post(queued, "want-reload");
    const others = given.flatMap((one) => (one.tag === "settled" ? [one.verdict] : []));
    return Promise.all([...others, this.#await("reload", goals)]).then((all) => all.flat());
  }

  /** What "every unit that can" means: those that run and would not be refused, and whose reload is no downtime. */
  #reloadable(): readonly string[] {
    return [...this.#world.units.values()]
      .filter((entry) => entry.unit.service.reloadMode !== "restart" && reloadRefusal(entry) === null)
      .map(({ unit }) => unit.name);
  }

  #reloadOne(
    unit: string,
  ): Readonly<
    { unit: string; tag: "handover" } | { unit: string; tag: "settled"; verdict: Verdict | Promise<readonly Verdict[]> }
  > {
    const entry = this.#world.units.get(unit);
    const refusal = entry ? reloadRefusal(entry) : "is not there";
    if (!entry || refusal !== null) return { unit, tag: "settled", verdict: refused("reload", unit, refusal ?? "") };
    switch (entry.unit.service.reloadMode) {
      case "handover":
        return { unit, tag: "handover" };
      case "signal":
        return { unit, tag: "settled", verdict: this.#signal(unit, "SIGHUP") };
      case "restart":
        this.#post([unit], "want-restart");
        return { unit, tag: "settled", verdict: this.#await("reload", [{ unit, goal: { tag: "up" } }]) };
    }
  }

  /** The handover that begins next is the one that runs what is there now: one that is under way may have read older code. */
  #ticket(unit: string): Goal {
    const instances = this.#world.units.get(unit)?.instances ?? [];
    return { tag: "reloaded", tickets: instances.map((state) => state.handover.serial + 1) };
  }

  #signal(unit: string, signal: Extract<Order, { tag: "signal" }>["signal"]): Verdict {
    const main =
      this.#world.units
        .get(unit)
        ?.instances.map(mainRun)
        .filter((run) => run !== null) ?? [];
    if (main.length === 0) return refused("signal", unit, "has no running process");
    for (const run of main) this.#options.processes.signal(run.invocation, signal, "main");
    return done(unit);
  }

  #post(units: readonly string[], tag: Extract<Event, { tag: `want-${string}` | "reset-failed" }>["tag"]): void {
    if (units.length > 0) this.#options.loop().post({ tag: "order", units, event: { tag } });
  }

  #await(verb: string, goals: readonly Readonly<{ unit: string; goal: Goal }>[]): Promise<readonly Verdict[]> {
    const verdicts = goals.map(
      ({ unit, goal }) => new Promise<Verdict>((resolve) => this.#waiters.push({ unit, goal, verb, resolve })),
    );
    // The order may have been settled by the very turn that it caused, before anybody waited.
    queueMicrotask(() => this.turned(this.#world));
    return Promise.all(verdicts);
  }

  #verdict(verb: string, unit: string, { result, cause, waitsFor, invocation }: Settlement): Verdict {
    if (result === "done") return { ...done(unit), message: cause ? `${verb} ${unit}: ${describe(cause)}` : "" };
    const why =
      waitsFor !== null ? `waits for ${waitsFor}, which has failed` : cause ? describe(cause) : "has not come up";
    const kept = result === "kept-old" ? `the old generation stays: the new one ${why}` : why;
    const message = `${verb} ${unit}: ${kept}`;
    const code = result === "kept-old" ? "handover-kept-old" : cause ? faultCode(cause) : "start-failed";
    const tail =
      invocation !== null && cause && root(cause).tag !== "spawn-failed" ? this.#options.outputs.tail(invocation) : [];
    return { unit, result, message, tail, fault: { code, message, retry: "later", unit } };
  }
}

const shuttingDown: Fault = { code: "shutting-down", message: "the supervisor is stopping", retry: "later" };

function required(units: readonly string[], needed: readonly string[]): Fault {
  const message = `${units.join(", ")}: required by ${needed.join(", ")}; stop them first, or all together with --cascade`;
  return { code: "unit-required", message, retry: "later" };
}

function done(unit: string): Verdict {
  return { unit, result: "done", message: "", tail: [], fault: null };
}

function refused(verb: string, unit: string, why: string): Verdict {
  const message = `${verb} ${unit}: ${why}`;
  return {
    unit,
    result: "refused",
    message,
    tail: [],
    fault: { code: "request-invalid", message, retry: "never", unit },
  };
}
