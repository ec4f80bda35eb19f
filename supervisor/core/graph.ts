import type { Unit } from "../unit/unit.ts";

/**
 * How the units stand to each other, ready to ask.
 * `after`: who goes before it when both start; `successors`: the same arrows backwards, who stops before it.
 */
export type Graph = ReadonlyMap<string, Node>;

export type Node = Readonly<{
  requires: readonly string[];
  wants: readonly string[];
  after: readonly string[];
  successors: readonly string[];
  requiredBy: readonly string[];
}>;

/** Builds the graph from the units and each unit's predecessors. Names of units that do not exist are left out. */
export function createGraph(units: readonly Unit[], after: ReadonlyMap<string, readonly string[]>): Graph {
  const names = new Set(units.map(({ name }) => name));
  const known = (list: readonly string[]): readonly string[] => list.filter((name) => names.has(name));
  return new Map(
    units.map(({ name, requires, wants }): [string, Node] => [
      name,
      {
        requires: known(requires),
        wants: known(wants),
        after: known(after.get(name) ?? []),
        successors: units.filter((other) => after.get(other.name)?.includes(name)).map((other) => other.name),
        requiredBy: units.filter((other) => other.requires.includes(name)).map((other) => other.name),
      },
    ]),
  );
}

/** The units and all that starting them pulls in. */
export function pulledIn(graph: Graph, names: readonly string[]): readonly string[] {
  return reach(names, (name) => [...(graph.get(name)?.requires ?? []), ...(graph.get(name)?.wants ?? [])]);
}

/** The units and all that cannot be without them. */
export function pulledDown(graph: Graph, names: readonly string[]): readonly string[] {
  return reach(names, (name) => graph.get(name)?.requiredBy ?? []);
}

function reach(names: readonly string[], next: (name: string) => readonly string[]): readonly string[] {
  const seen = new Set(names);
  for (const name of seen) for (const other of next(name)) seen.add(other);
  return [...seen].sort();
}
