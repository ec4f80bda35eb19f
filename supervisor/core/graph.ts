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
  /** Everybody who goes before it, directly or through others. */
  ancestors: readonly string[];
  /** Those whose gates look at it; itself too. */
  watchers: readonly string[];
}>;

type Names = readonly string[];
type Arrows = ReadonlyMap<string, Names>;

/** Builds the graph of a set of units. Names of units that do not exist are left out. */
export function createGraph(units: readonly Unit[]): Graph {
  const after = order(units);
  const successors = backwards(after);
  const there = new Set(after.keys());
  const known = (names: Names): Names => names.filter((name) => there.has(name));
  const quarrels = units.some((unit) => unit.conflicts.length > 0);
  const alone = units.map(({ name, requires, bindsTo }): [string, Omit<Node, "watchers">] => [
    name,
    {
      requires: known([...requires, ...bindsTo]),
      bindsTo: known(bindsTo),
      conflicts: quarrels ? opponents(units, [name]) : [],
      after: after.get(name) ?? [],
      successors: successors.get(name) ?? [],
      ancestors: reach(after, name),
    },
  ]);
  const watchers = backwards(new Map(alone.map(([name, node]) => [name, watched(name, node)])));
  return new Map(alone.map(([name, node]) => [name, { ...node, watchers: watchers.get(name) ?? [] }]));
}

/** Whom the gates of a unit look at. */
function watched(name: string, { bindsTo, conflicts, successors, ancestors }: Omit<Node, "watchers">): Names {
  return [...new Set([name, ...bindsTo, ...conflicts, ...successors, ...ancestors])];
}

/** The same arrows from their heads, each in the order of the map. */
function backwards(arrows: Arrows): Arrows {
  const turned = new Map([...arrows.keys()].map((name): [string, string[]] => [name, []]));
  for (const [from, heads] of arrows) for (const head of heads) turned.get(head)?.push(from);
  return turned;
}

function reach(arrows: Arrows, from: string): Names {
  const found = new Set(arrows.get(from));
  // A set's iteration visits what is added on the way.
  for (const name of found) for (const next of arrows.get(name) ?? []) found.add(next);
  return [...found];
}
