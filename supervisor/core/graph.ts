import { opponents, order } from "../unit/graph.ts";
import type { Unit } from "../unit/unit.ts";

/**
 * How the units stand to each other, ready to ask.
 * `after`: who goes before it when both start; `successors`: the same arrows backwards, who stops before it.
 */
export type Graph = ReadonlyMap<string, Node>;

export type Node = Readonly<{
  /** Those it cannot be without: `requires` and `binds_to`. */
  requires: readonly string[];
  /** Those whose end, for whatever reason, ends it too. */
  bindsTo: readonly string[];
  /** Those it cannot be up beside, whichever of the two says so. */
  conflicts: readonly string[];
  after: readonly string[];
  successors: readonly string[];
}>;

/** Builds the graph of a set of units. Names of units that do not exist are left out. */
export function createGraph(units: readonly Unit[]): Graph {
  const after = order(units);
  const names = new Set(units.map(({ name }) => name));
  const known = (list: readonly string[]): readonly string[] => list.filter((name) => names.has(name));
  return new Map(
    units.map(({ name, requires, bindsTo }): [string, Node] => [
      name,
      {
        requires: known([...requires, ...bindsTo]),
        bindsTo: known(bindsTo),
        conflicts: opponents(units, [name]),
        after: after.get(name) ?? [],
        successors: units.filter((other) => after.get(other.name)?.includes(name)).map((other) => other.name),
      },
    ]),
  );
}
