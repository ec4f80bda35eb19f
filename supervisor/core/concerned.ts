import type { Scene, UnitState } from "./world.ts";

/**
 * Whom the changes since `before` concern, in name order: those that have changed, and those that look at one of them.
 * What was decided by looking at anybody else's units holds as it did before.
 */
export function concerned(now: Scene, before: Scene): readonly UnitState[] {
  const { units, graph } = now;
  if (graph !== before.graph) return [...units.values()];
  if (units === before.units) return [];
  const names = new Set<string>();
  for (const [name, entry] of units) {
    if (before.units.get(name) === entry) continue;
    for (const other of graph.get(name)?.watchers ?? []) names.add(other);
  }
  return [...names].sort().flatMap((name) => units.get(name) ?? []);
}
