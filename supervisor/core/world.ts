import type { Unit } from "../unit/unit.ts";
import type { Effect } from "./effect.ts";
import type { Event, ProcessFact } from "./event.ts";
import type { Instant, InvocationId } from "./facts.ts";
import { createGraph, type Graph } from "./graph.ts";
import { fresh, nextDeadline, runs, type State } from "./state.ts";

/**
 * All units of one supervisor. The map is in name order, so that the same events give the same journal everywhere.
 * `shut`: the units and their graph as they were when every gate was last known to be shut; whoever is the same since
 * then, and looks at nobody who is not, needs no second look.
 */
export type World = Scene & Readonly<{ minted: number; shut: Scene }>;

/** Everybody, and how they stand to each other. */
export type Scene = Readonly<{ units: ReadonlyMap<string, UnitState>; graph: Graph }>;

/**
 * `instances[0]` is instance 1. `target`: how many there are to be; those beyond it are on their way out and are dropped
 * once they are at rest. 0: the unit's file is gone, and the unit goes with its last instance.
 */
export type UnitState = Readonly<{ unit: Unit; target: number; instances: readonly State[] }>;

/** Something happens to the world: an order to units (`api`) or instances (`api@2`), a fact about a process, or time. */
export type WorldEvent = Readonly<
  | { tag: "order"; units: readonly string[]; event: Event }
  | { tag: "scale"; unit: string; count: number }
  /** Other definitions take the place of those that are loaded, and `wishes` are heard before anybody acts on that. */
  | { tag: "reconfigure"; units: readonly Unit[]; wishes: readonly Wish[] }
  | { tag: "fact"; fact: ProcessFact }
  | { tag: "deadline" }
>;

/** What somebody wants of units. */
export type Wish = Extract<WorldEvent, { tag: "order" | "scale" }>;

/** One instance of one unit. Units: instances count from 1. */
export type Whom = Readonly<{ unit: string; instance: number }>;

/** What is to be done, and about whom. */
export type Deed = Whom & Readonly<{ effect: Effect }>;

export type Turn = Readonly<{ world: World; deeds: readonly Deed[] }>;

export function createWorld(units: readonly Unit[]): World {
  const sorted = [...units].sort((a, b) => (a.name < b.name ? -1 : 1));
  const entries = sorted.map((unit): [string, UnitState] => [
    unit.name,
    { unit, target: unit.service.instances, instances: Array.from({ length: unit.service.instances }, () => fresh) },
  ]);
  const scene = { units: new Map(entries), graph: createGraph(sorted) };
  return { ...scene, minted: 0, shut: scene };
}

/** Takes a name apart. Shape: `api` → every instance of api; `api@2` → the second. */
export function selected(world: World, name: string): readonly Whom[] {
  const [unit = "", number] = name.split("@");
  const instances = world.units.get(unit)?.instances ?? [];
  const all = instances.map((_, index): Whom => ({ unit, instance: index + 1 }));
  return number === undefined ? all : all.filter((whom) => whom.instance === Number(number));
}

export function stateOf(world: World, { unit, instance }: Whom): State | undefined {
  return world.units.get(unit)?.instances[instance - 1];
}

/** Whose process this is. Null: nobody's any more. */
export function ownerOf(world: World, invocation: string): Whom | null {
  return owners(world.units).get(invocation) ?? null;
}

/** Of the units that were asked about last: the next ones differ from them in one or two. */
let lastOwners: Readonly<{ units: World["units"]; whose: Map<InvocationId, Whom> }> = {
  units: new Map(),
  whose: new Map(),
};

/** Whose each process is. Why it is kept: every fact asks, and among hundreds of units one has changed since the last. */
function owners(units: World["units"]): ReadonlyMap<InvocationId, Whom> {
  if (units === lastOwners.units) return lastOwners.whose;
  const { whose } = lastOwners;
  for (const [unit, before] of lastOwners.units) {
    if (units.get(unit) === before) continue;
    for (const invocation of gist(before).invocations.flat()) whose.delete(invocation);
  }
  for (const [unit, entry] of units) {
    if (lastOwners.units.get(unit) === entry) continue;
    for (const [index, each] of gist(entry).invocations.entries()) {
      for (const invocation of each) whose.set(invocation, { unit, instance: index + 1 });
    }
  }
  lastOwners = { units, whose };
  return whose;
}

/** When the next turn is due, or null. */
export function worldDeadline(world: World): Instant | null {
  let next = Number.POSITIVE_INFINITY;
  for (const entry of world.units.values()) next = Math.min(next, dueAt(entry));
  return next === Number.POSITIVE_INFINITY ? null : next;
}

/** When something is due for one unit; infinity is never. */
export function dueAt(entry: UnitState): Instant {
  return gist(entry).dueAt;
}

/** What every turn asks of every unit, reckoned once: an entry never changes. `invocations`: those of each instance. */
type Gist = Readonly<{ dueAt: Instant; invocations: readonly (readonly InvocationId[])[] }>;

const gists = new WeakMap<UnitState, Gist>();

function gist(entry: UnitState): Gist {
  const known = gists.get(entry);
  if (known) return known;
  const due = entry.instances.map((state) => nextDeadline(state) ?? Number.POSITIVE_INFINITY);
  const invocations = entry.instances.map((state) => runs(state).map((run) => run.invocation));
  const made = { dueAt: Math.min(...due), invocations };
  gists.set(entry, made);
  return made;
}
