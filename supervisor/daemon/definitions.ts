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
  const known = new Map<InvocationId, Unit>();
  let seen: World["units"] = new Map();
  return {
    of: ({ unit, instances }) => {
      const started = instances.flatMap(serving).map(({ invocation }) => known.get(invocation) ?? unit);
      return [...new Set(started)];
    },
    turned({ units }) {
      if (units === seen) return;
      for (const [name, before] of seen) if (!units.has(name)) for (const each of lives(before)) known.delete(each);
      for (const [name, entry] of units) {
        const before = seen.get(name);
        if (before === entry) continue;
        const now = lives(entry);
        for (const each of before ? lives(before) : []) if (!now.includes(each)) known.delete(each);
        for (const each of now) if (!known.has(each)) known.set(each, entry.unit);
      }
      seen = units;
    },
  };
}

function lives({ instances }: UnitState): readonly InvocationId[] {
  return instances.flatMap(serving).map(({ invocation }) => invocation);
}
