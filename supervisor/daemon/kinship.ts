import type { Reason, Relation } from "../unit/reason.ts";
import type { Unit } from "../unit/unit.ts";

/** More steps than this tell nobody anything. */
const longest = 8;

type Step = Extract<Reason, { tag: "dependency" }>;

/**
 * How a unit came to be moved with others: the shortest way from it to one of them, a step for each unit on it.
 * `up`: it is needed by them; `down`: it needs them, or cannot be beside them. Empty: it is one of them, or no kin.
 * Shape: api requires cache, cache requires redis, and redis is stopped → [cache (requires), redis (requires)].
 */
export function kinship(
  units: readonly Unit[],
  unit: string,
  named: ReadonlySet<string>,
  way: "up" | "down",
): readonly Step[] {
  const seen = new Set([unit]);
  let ends: readonly (readonly Step[])[] = [[]];
  if (named.has(unit)) return [];
  for (let steps = 0; steps < longest && ends.length > 0; steps++) {
    ends = ends.flatMap((path) => {
      const at = path.at(-1)?.unit ?? unit;
      return edges(units, at, way)
        .filter((edge) => !seen.has(edge.unit) && seen.add(edge.unit))
        .map((edge) => [...path, edge]);
    });
    const found = ends.find((path) => named.has(path.at(-1)?.unit ?? ""));
    if (found) return found;
  }
  return [];
}

function edges(units: readonly Unit[], name: string, way: "up" | "down"): readonly Step[] {
  const edge = (unit: string, relation: Relation): Step => ({ tag: "dependency", unit, relation });
  const own = units.find((unit) => unit.name === name);
  if (!own) return [];
  if (way === "up") {
    const needing = units.filter((one) => [...one.requires, ...one.bindsTo, ...one.wants].includes(name));
    return needing.map((one) => edge(one.name, "needed_by"));
  }
  const foes = units.filter((one) => one.conflicts.includes(name)).map((one) => one.name);
  return [
    ...own.bindsTo.map((other) => edge(other, "binds_to")),
    ...own.requires.map((other) => edge(other, "requires")),
    ...own.partOf.map((other) => edge(other, "part_of")),
    ...[...own.conflicts, ...foes].map((other) => edge(other, "conflicts")),
  ];
}
