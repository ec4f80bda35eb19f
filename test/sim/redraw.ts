import type { Unit } from "../../supervisor/unit/unit.ts";
import type { Random } from "./random.ts";
import { drawUnits } from "./units.ts";

/**
 * Other files: units that are gone, that are new or back, or that need each other in other ways, with another policy and
 * another number of instances. Who runs beside whom does not change: to forbid it later ends nobody.
 * Why the rest stays as it was drawn first: what is promised of a process (its soak, its commands, its probes) is held against
 * the unit as it is now, and a process lives by what its unit was when it was started.
 */
export function redraw(random: Random, first: ReadonlyMap<string, Unit>, loaded: readonly Unit[]): readonly Unit[] {
  const drawn = drawUnits(random);
  const names = new Set(drawn.map(({ name }) => name));
  return drawn.map((unit) => {
    const before = loaded.find(({ name }) => name === unit.name);
    if (before && random.chance(40) && relations(before).every((name) => names.has(name))) return before;
    const { service, handover, probes } = first.get(unit.name) ?? unit;
    const { restart, restartMs, runtimeMaxMs, instances } = unit.service;
    const policy = service.type === unit.service.type ? { restart, restartMs, runtimeMaxMs } : {};
    const foes = before?.conflicts ?? (first.has(unit.name) ? [] : unit.conflicts);
    const conflicts = foes.filter((name) => names.has(name));
    const free = (kin: readonly string[]): readonly string[] => kin.filter((name) => !conflicts.includes(name));
    const { requires, wants, bindsTo, partOf } = unit;
    const kin = { requires: free(requires), wants: free(wants), bindsTo: free(bindsTo), partOf: free(partOf) };
    return { ...unit, ...kin, conflicts, handover, probes, service: { ...service, ...policy, instances } };
  });
}

const relations = ({ requires, wants, bindsTo, partOf, conflicts, after }: Unit): readonly string[] => [
  ...requires,
  ...wants,
  ...bindsTo,
  ...partOf,
  ...conflicts,
  ...after,
];
