import type { Unit } from "../unit/unit.ts";
import type { Tick } from "./event.ts";
import { createGraph } from "./graph.ts";
import { fresh, type State } from "./state.ts";
import { runningPhase } from "./turn.ts";
import type { UnitState, World } from "./world.ts";

/**
 * Puts definitions in the place of those that are loaded; nobody is started or stopped by that alone.
 * A unit without a definition is to have no instance any more, and is dropped when its last one has come to rest.
 * A new number of instances is the caller's to order: one that was scaled by hand keeps its number while the file's is the same.
 */
export function reconfigured(world: World, units: readonly Unit[], tick: Tick): World {
  const names = new Set(units.map(({ name }) => name));
  const leaving = [...world.units.values()]
    .filter(({ unit }) => !names.has(unit.name))
    .map((entry): UnitState => ({ ...entry, target: 0 }));
  const kept = units.map((unit) => entryOf(world.units.get(unit.name), unit, tick));
  const entries = [...kept, ...leaving].sort((a, b) => (a.unit.name < b.unit.name ? -1 : 1));
  const gone = leaving.map(({ unit }) => unit);
  return {
    ...world,
    units: new Map(entries.map((entry) => [entry.unit.name, entry])),
    graph: createGraph([...units.map((unit) => withoutOrder(unit, gone)), ...gone.map(withoutSuccessors)]),
  };
}

function entryOf(entry: UnitState | undefined, unit: Unit, tick: Tick): UnitState {
  const { instances: count } = unit.service;
  const instances = entry?.instances ?? Array.from({ length: count }, () => fresh);
  if (!entry || entry.target === 0) return { unit, target: count, instances: atLeast(instances, count) };
  if (entry.unit.service.runtimeMaxMs === unit.service.runtimeMaxMs) return { ...entry, unit };
  return { ...entry, unit, instances: instances.map((state) => retimed(state, unit, tick)) };
}

function atLeast(instances: readonly State[], count: number): readonly State[] {
  return [...instances, ...Array.from({ length: Math.max(0, count - instances.length) }, () => fresh)];
}

/** How long a process may run counts from when it was ready, also where that was said later. */
function retimed(state: State, unit: Unit, tick: Tick): State {
  if (state.phase.tag !== "running") return state;
  return { ...state, phase: runningPhase({ unit, tick, mint: "" }, state.phase.run) };
}

/**
 * Those who leave stop before those they were started after, and nobody is ordered after them any more.
 * Why: the files that stay are without a cycle, and arrows that lead to them from those who leave cannot close one.
 */
function withoutSuccessors(unit: Unit): Unit {
  return { ...unit, before: [] };
}

function withoutOrder(unit: Unit, gone: readonly Unit[]): Unit {
  if (gone.length === 0) return unit;
  const names = new Set(gone.map(({ name }) => name));
  const stays = (name: string): boolean => !names.has(name);
  return {
    ...unit,
    after: unit.after.filter(stays),
    before: unit.before.filter(stays),
    wants: unit.wants.filter(stays),
  };
}
