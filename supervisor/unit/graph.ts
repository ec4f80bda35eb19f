import type { Fault } from "./fault.ts";
import { didYouMean } from "./nearest.ts";
import type { Unit } from "./unit.ts";

/** Who comes before whom. Shape: `api` → `["redis"]`: api starts after redis, and stops before it. */
export type StartOrder = ReadonlyMap<string, readonly string[]>;

/** Gives the line of a key in a unit's file, as far as it is known. */
export type LineOf = (unit: string, key: string) => number | undefined;

/**
 * Gives each unit's predecessors, in the order of the units. Names outside of the set are left out, as in systemd.
 * Why: `requires` and `wants` imply `after`, unless the unit itself says `before` for the same name (docs/adr/0002).
 */
export function order(units: readonly Unit[]): StartOrder {
  const edges = edgesOf(units);
  const rank = new Map(units.map(({ name }, index) => [name, index]));
  const rankOf = (name: string): number => rank.get(name) ?? 0;
  return new Map(
    units.map(({ name }) => [name, [...(edges.get(name)?.keys() ?? [])].sort((a, b) => rankOf(a) - rankOf(b))]),
  );
}

/** Names every unit that is part of one of `names`, directly or through others: they stop and restart with it. */
export function parts(units: readonly Unit[], names: readonly string[]): readonly string[] {
  const found = reach(names, (target) => units.filter((unit) => unit.partOf.includes(target)).map((unit) => unit.name));
  return units.map((unit) => unit.name).filter((each) => !names.includes(each) && found.has(each));
}

/** Names every unit that a stop of `names` stops and a restart restarts: who requires one of them or is part of it, directly or through others. */
export function followers(units: readonly Unit[], names: readonly string[]): readonly string[] {
  const follows = ({ requires, bindsTo, partOf }: Unit, target: string): boolean =>
    [...requires, ...bindsTo, ...partOf].includes(target);
  const tied = units.filter(({ requires, bindsTo, partOf }) => requires.length + bindsTo.length + partOf.length > 0);
  const found = reach(names, (target) => tied.filter((unit) => follows(unit, target)).map((unit) => unit.name));
  return units.map((unit) => unit.name).filter((each) => !names.includes(each) && found.has(each));
}

/** Names every unit that cannot be up beside one of `names`, whichever of the two says so. */
export function opponents(units: readonly Unit[], names: readonly string[]): readonly string[] {
  const named = new Set(names);
  const own = new Set(units.filter((unit) => named.has(unit.name)).flatMap((unit) => unit.conflicts));
  return units
    .filter((unit) => own.has(unit.name) || unit.conflicts.some((name) => named.has(name)))
    .map((unit) => unit.name);
}

/** Names the units that starting `names` starts: themselves, and what they require or want, directly or through others. */
export function closure(units: readonly Unit[], names: readonly string[]): readonly string[] {
  const byName = new Map(units.map((unit) => [unit.name, unit]));
  const found = reach(names, (name) => {
    const unit = byName.get(name);
    return unit ? [...unit.requires, ...unit.bindsTo, ...unit.wants] : [];
  });
  return units.map((unit) => unit.name).filter((name) => found.has(name));
}

/**
 * Checks what several units say of each other. `known` are all names there are, also those of files that could not be read.
 * Errors: unit-unknown for a required unit that is not there; dependency-cycle, once for each knot of units.
 */
export function graphFaults(units: readonly Unit[], known: readonly string[], lineOf: LineOf): readonly Fault[] {
  return [
    ...units.flatMap((unit) => unknownFaults(unit, known, lineOf)),
    ...conflictFaults(units, lineOf),
    ...cycleFaults(units, lineOf),
  ];
}

function unknownFaults(unit: Unit, known: readonly string[], lineOf: LineOf): readonly Fault[] {
  const wanted = [
    ...unit.requires.map((name, index) => [name, `unit.requires.${index}`] as const),
    ...unit.bindsTo.map((name, index) => [name, `unit.binds_to.${index}`] as const),
  ];
  return wanted
    .filter(([name]) => !known.includes(name))
    .map(([name, key]) => ({
      code: "unit-unknown",
      message: `there is no unit "${name}"${didYouMean(name, known)}`,
      retry: "never",
      unit: unit.name,
      at: place(unit, key, lineOf),
    }));
}

/** Two units that both start with the supervisor, by themselves or because another needs them, and cannot both be up. */
function conflictFaults(units: readonly Unit[], lineOf: LineOf): readonly Fault[] {
  const enabled = units.filter((unit) => unit.enabled).map((unit) => unit.name);
  const starting = new Set(closure(units, enabled));
  const there = units.filter(({ name }) => starting.has(name));
  return there.flatMap((unit) =>
    unit.conflicts.flatMap((name, index): Fault[] => {
      if (!starting.has(name)) return [];
      const message = `conflicts with "${name}", and both would start: only one may be enabled, or needed by one that is`;
      const at = place(unit, `unit.conflicts.${index}`, lineOf);
      return [{ code: "unit-invalid", message, retry: "never", unit: unit.name, at }];
    }),
  );
}

function cycleFaults(units: readonly Unit[], lineOf: LineOf): readonly Fault[] {
  const edges = edgesOf(units);
  const reported = new Set<string>();
  const byName = new Map(units.map((unit) => [unit.name, unit]));
  return [...byName.keys()].sort().flatMap((start): Fault[] => {
    const path = reported.has(start) ? null : shortestCycle(edges, start);
    const [first, second] = path ?? [];
    const edge = edges.get(first ?? "")?.get(second ?? "");
    const owner = byName.get(edge?.owner ?? "");
    if (path === null || edge === undefined || owner === undefined) return [];
    const knot = reach(path, (name) => [...(edges.get(name)?.keys() ?? [])]);
    // One sentence for each knot: who can be reached and reaches back is part of the same trouble.
    for (const name of knot) if (shortestPath(edges, name, start) !== null) reported.add(name);
    const message = `dependency cycle: ${path.join(" → ")} (each starts after the next)`;
    const at = place(owner, edge.key, lineOf);
    return [{ code: "dependency-cycle", message, retry: "never", unit: owner.name, at }];
  });
}

/** Why one unit comes after another: whose file says so, and under which key. */
type Edge = Readonly<{ owner: string; key: string }>;
type Edges = ReadonlyMap<string, ReadonlyMap<string, Edge>>;

function edgesOf(units: readonly Unit[]): Edges {
  const edges = new Map(units.map((unit) => [unit.name, new Map<string, Edge>()]));
  const add = (later: string, earlier: string, edge: Edge): void => {
    const from = edges.get(later);
    if (from !== undefined && edges.has(earlier) && !from.has(earlier)) from.set(earlier, edge);
  };
  for (const { name, after, before, requires, wants, bindsTo } of units) {
    for (const [index, other] of after.entries()) add(name, other, { owner: name, key: `unit.after.${index}` });
    for (const [index, other] of before.entries()) add(other, name, { owner: name, key: `unit.before.${index}` });
    for (const [key, others] of Object.entries({ requires, wants, binds_to: bindsTo })) {
      for (const [index, other] of others.entries()) {
        if (!before.includes(other)) add(name, other, { owner: name, key: `unit.${key}.${index}` });
      }
    }
  }
  return edges;
}

function shortestCycle(edges: Edges, start: string): readonly string[] | null {
  const paths = [...(edges.get(start)?.keys() ?? [])].map((next) => shortestPath(edges, next, start));
  const [shortest] = paths.filter((path) => path !== null).sort((a, b) => a.length - b.length);
  return shortest === undefined ? null : [start, ...shortest];
}

/** The way from `from` to `to`, both included. */
function shortestPath(edges: Edges, from: string, to: string): readonly string[] | null {
  const cameFrom = new Map<string, string | null>([[from, null]]);
  for (const name of cameFrom.keys()) {
    if (name === to) return backtrack(cameFrom, name);
    for (const next of edges.get(name)?.keys() ?? []) if (!cameFrom.has(next)) cameFrom.set(next, name);
  }
  return null;
}

function backtrack(cameFrom: ReadonlyMap<string, string | null>, end: string): readonly string[] {
  const path: string[] = [];
  for (let name: string | null = end; name !== null; name = cameFrom.get(name) ?? null) path.unshift(name);
  return path;
}

function reach(names: readonly string[], next: (name: string) => readonly string[]): ReadonlySet<string> {
  const found = new Set(names);
  // A set's iteration visits what is added on the way.
  for (const name of found) for (const other of next(name)) found.add(other);
  return found;
}

function place(unit: Unit, key: string, lineOf: LineOf): NonNullable<Fault["at"]> {
  const line = lineOf(unit.name, key);
  const shown = key.replace(/\.\d+$/, "");
  return line === undefined ? { file: unit.file, key: shown } : { file: unit.file, line, key: shown };
}
