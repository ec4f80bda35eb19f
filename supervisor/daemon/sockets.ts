import type { InvocationId } from "../core/facts.ts";
import { runs } from "../core/state.ts";
import type { World } from "../core/world.ts";
import { type Fault, fail, type Outcome, ok } from "../unit/fault.ts";
import type { BindableSocket, Unit } from "../unit/unit.ts";
import type { Listener, Listeners, Pending } from "./ports.ts";
import { type Held, type Holdings, placed, rebind } from "./rebind.ts";

/** The listeners of all units: opened before the first child, kept while the unit exists, whatever becomes of its processes. */
export interface Sockets {
  /** Opens what is not open yet. Errors: those of `Listeners.open`, with the unit and its file. */
  ensure(unit: Unit): Outcome<readonly Listener[]>;
  of(unit: string): readonly Listener[];
  /** Those that a reload has replaced and that a process of the unit may still serve. */
  retired(unit: string): readonly Listener[];
  /** Puts every backlog back to what the unit says: a runtime that adopts a socket may have shrunk it. */
  assertBacklogs(unit: Unit): void;
  /** Looks after the listeners that a process of the unit may have shut down for all. Gives those that were. */
  mend(unit: Unit): readonly Mended[];
  /**
   * Opens what other definitions need beside what is open. `needed`: units that are to be started or have listeners already.
   * Errors: those of `ensure`, for all units; then nothing has changed.
   */
  prepare(units: readonly Unit[], needed: ReadonlySet<string>, world: World): Outcome<Pending>;
  /** Closes what nobody can serve any more. Call after every turn. */
  turned(world: World): void;
  closeAll(): void;
}

/** `isLost`: it does not listen again; the next process gets another one. */
export type Mended = Readonly<{ name: string; isLost: boolean }>;

/** A listener that was replaced, and the processes that may still serve it. */
type Retired = Held & Readonly<{ unit: string; users: ReadonlySet<InvocationId> }>;

export function createSockets(
  listeners: Listeners,
  toBind: (unit: Unit) => Outcome<readonly BindableSocket[]>,
): Sockets {
  return new OpenSockets(listeners, toBind);
}

class OpenSockets implements Sockets {
  readonly #listeners: Listeners;
  readonly #toBind: (unit: Unit) => Outcome<readonly BindableSocket[]>;
  #open: Map<string, Map<string, Held>> = new Map();
  #retired: readonly Retired[] = [];
  /** Units without a definition: their listeners go with them. */
  #leaving: readonly string[] = [];

  constructor(listeners: Listeners, toBind: (unit: Unit) => Outcome<readonly BindableSocket[]>) {
    this.#listeners = listeners;
    this.#toBind = toBind;
  }

  ensure(unit: Unit): Outcome<readonly Listener[]> {
    const mine = this.#open.get(unit.name) ?? new Map<string, Held>();
    this.#open.set(unit.name, mine);
    const faults: Fault[] = [];
    const sockets = this.#toBind(unit);
    if (!sockets.ok) return sockets;
    for (const socket of sockets.value) {
      if (mine.has(socket.name)) continue;
      const opened = this.#listeners.open(unit.name, socket);
      if (opened.ok) mine.set(socket.name, { socket, listener: opened.value, strangers: nobody });
      else faults.push(...opened.faults.map((fault) => placed(fault, unit, socket)));
    }
    const [first, ...rest] = faults;
    return first ? fail(first, ...rest) : ok(unit.sockets.flatMap(({ name }) => mine.get(name)?.listener ?? []));
  }

  of(unit: string): readonly Listener[] {
    return [...(this.#open.get(unit)?.values() ?? [])].map(({ listener }) => listener);
  }

  retired(unit: string): readonly Listener[] {
    return this.#retired.filter((one) => one.unit === unit).map(({ listener }) => listener);
  }

  assertBacklogs(unit: Unit): void {
    for (const socket of unit.sockets) {
      const listener = this.#open.get(unit.name)?.get(socket.name)?.listener;
      if (listener && socket.kind === "stream") this.#listeners.assertBacklog(listener, socket.backlog);
    }
  }

  mend(unit: Unit): readonly Mended[] {
    const mine = this.#open.get(unit.name);
    return unit.sockets.flatMap(({ name, kind, backlog }): readonly Mended[] => {
      const held = mine?.get(name);
      const found = held && kind === "stream" ? this.#listeners.mend(held.listener, backlog) : "whole";
      if (!held || found === "whole") return [];
      if (found === "lost") {
        this.#close([held]);
        mine?.delete(name);
      }
      return [{ name, isLost: found === "lost" }];
    });
  }

  prepare(units: readonly Unit[], needed: ReadonlySet<string>, world: World): Outcome<Pending> {
    const holdings: Holdings = { open: this.#open, retired: this.#retired };
    const runsOf = (unit: string) => new Set(invocationsOf(world, unit));
    const found = rebind(holdings, { units, needed, runsOf, toBind: this.#toBind, listeners: this.#listeners });
    if (!found.ok) return found;
    const { open, fresh } = found.value;
    return ok({
      abandon: () => this.#close(fresh.filter((one) => !this.#isHeld(one))),
      commit: () => this.#replace(open, runsOf, new Set(units.map(({ name }) => name))),
    });
  }

  /** Nothing that is open is closed by that: what nobody serves any more is closed at the next turn. */
  #replace(
    open: Map<string, Map<string, Held>>,
    runsOf: (unit: string) => ReadonlySet<InvocationId>,
    names: ReadonlySet<string>,
  ): void {
    const kept = new Set([...open.values()].flatMap((mine) => [...mine.values()]).map(({ listener }) => listener.fd));
    const replaced = [...this.#open].flatMap(([unit, mine]) =>
      [...mine.values()].map((held): Retired => ({ ...held, unit, users: usersOf(held, runsOf(unit)) })),
    );
    this.#retired = [...this.#retired, ...replaced].filter(({ listener }) => !kept.has(listener.fd));
    this.#leaving = [...open.keys()].filter((unit) => !names.has(unit));
    this.#open = open;
  }

  turned(world: World): void {
    if (this.#retired.length > 0) {
      const isServed = ({ unit, users }: Retired) => invocationsOf(world, unit).some((one) => users.has(one));
      this.#close(this.#retired.filter((one) => !isServed(one)));
      this.#retired = this.#retired.filter(isServed);
    }
    for (const unit of this.#leaving.filter((name) => !world.units.has(name))) {
      this.#close([...(this.#open.get(unit)?.values() ?? [])]);
      this.#open.delete(unit);
      this.#leaving = this.#leaving.filter((name) => name !== unit);
    }
  }

  closeAll(): void {
    for (const mine of this.#open.values()) this.#close([...mine.values()]);
    this.#close(this.#retired);
    this.#open.clear();
    this.#retired = [];
  }

  /** A listener that a service manager passed is the same one whenever it is opened. */
  #isHeld({ listener }: Held): boolean {
    const all = [...this.#open.values()].flatMap((mine) => [...mine.values()]);
    return [...all, ...this.#retired].some((held) => held.listener.fd === listener.fd);
  }

  #close(all: readonly Held[]): void {
    for (const { listener } of all) this.#listeners.close(listener);
  }
}

const nobody: ReadonlySet<InvocationId> = new Set();

function usersOf({ strangers }: Held, now: ReadonlySet<InvocationId>): ReadonlySet<InvocationId> {
  return new Set([...now].filter((one) => !strangers.has(one)));
}

function invocationsOf(world: World, unit: string): readonly InvocationId[] {
  const instances = world.units.get(unit)?.instances ?? [];
  return instances.flatMap(runs).map(({ invocation }) => invocation);
}
