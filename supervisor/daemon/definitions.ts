import type { InvocationId } from "../core/facts.ts";
import { serving } from "../core/state.ts";
import type { UnitState, World } from "../core/world.ts";
import type { Unit } from "../unit/unit.ts";

/** Remembers with which definition each process was started: the unit's may be another by now. */
export interface Definitions {
  /** Those that the processes which serve, or are to serve, were started with; each once. */
  of(entry: UnitState): readonly Unit[];
  /** Call after every turn, before the next definitions are put in place. */
  turned(world: World): void;
}

export function createDefinitions(): Definitions {
  let known: ReadonlyMap<InvocationId, Unit> = new Map();
  let seen: World["units"] | null = null;
  return {
    of: ({ unit, instances }) => {
      const started = instances.flatMap(serving).map(({ invocation }) => known.get(invocation) ?? unit);
      return [...new Set(started)];
    },
    turned({ units }) {
      if (units === seen) return;
      seen = units;
      const now = new Map<InvocationId, Unit>();
      for (const { unit, instances } of units.values()) {
        for (const { invocation } of instances.flatMap(serving)) now.set(invocation, known.get(invocation) ?? unit);
      }
      known = now;
    },
  };
}
