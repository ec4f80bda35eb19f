import { atRest, fresh } from "./state.ts";
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

function lastNeeded({ target, instances }: UnitState): number {
  let keep = instances.length;
  for (let last = instances[keep - 1]; keep > target && last && atRest(last); last = instances[keep - 1]) keep--;
  return keep;
}

function put(world: World, entry: UnitState): World {
  return { ...world, units: new Map(world.units).set(entry.unit.name, entry) };
}
