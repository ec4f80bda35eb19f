import type { UnitState, World } from "../core/world.ts";

/** What a turn has made of a unit. `before`: null for one that is new. `now`: null for one that is gone. */
export type Changed = Readonly<{ name: string; before: UnitState | null; now: UnitState | null }>;

/**
 * Compares the worlds that two turns left: once for all who look after something that follows from it.
 * Shape: those that are gone come first, so that what was theirs is free by the time that others are looked at.
 */
export function difference(before: World["units"], now: World["units"]): readonly Changed[] {
  if (before === now) return [];
  const gone: Changed[] = [];
  for (const [name, entry] of before) if (!now.has(name)) gone.push({ name, before: entry, now: null });
  const changed: Changed[] = [];
  for (const [name, entry] of now) {
    const earlier = before.get(name) ?? null;
    if (earlier !== entry) changed.push({ name, before: earlier, now: entry });
  }
  return [...gone, ...changed];
}
