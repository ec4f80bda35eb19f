import { atRest, fresh, type State } from "./state.ts";
import type { UnitState, World } from "./world.ts";

/** Sets how many instances a unit is to have: new ones are there at once, at rest; those beyond it are told to go by the caller. */
export function retarget(world: World, unit: string, count: number): World {
  const entry = world.units.get(unit);
  if (!entry || entry.target === count) return world;
  const added = Array.from({ length: Math.max(0, count - entry.instances.length) }, () => fresh);
  return put(world, { ...entry, target: count, instances: [...entry.instances, ...added] });
}

/** Drops the instances beyond the target that have come to rest, from the last one on: numbers stay without gaps. */
export function trim(world: World): World {
  let trimmed = world;
  for (const entry of world.units.values()) {
    const keep = lastNeeded(entry);
    if (keep < entry.instances.length) trimmed = put(trimmed, { ...entry, instances: entry.instances.slice(0, keep) });
  }
  return trimmed;
}

/**
 * Drops the units whose file is gone and that have no instance left.
 * Why: this is no part of a turn, since what a turn says of a unit is still to be done and told.
 */
export function forget(world: World): World {
  const gone = [...world.units.values()].filter(({ target, instances }) => target === 0 && instances.length === 0);
  if (gone.length === 0) return world;
  const names = new Set(gone.map(({ unit }) => unit.name));
  return { ...world, units: new Map([...world.units].filter(([name]) => !names.has(name))) };
}

/** The instances that a unit is judged by: those there are to be, or all there still are of one whose file is gone. */
export function judged({ target, instances }: UnitState): readonly State[] {
  return target === 0 ? instances : instances.slice(0, target);
}

function lastNeeded({ target, instances }: UnitState): number {
  let keep = instances.length;
  for (let last = instances[keep - 1]; keep > target && last && atRest(last); last = instances[keep - 1]) keep--;
  return keep;
}

function put(world: World, entry: UnitState): World {
  return { ...world, units: new Map(world.units).set(entry.unit.name, entry) };
}
