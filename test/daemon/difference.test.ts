import { expect, test } from "bun:test";
import { createWorld } from "../../supervisor/core/world.ts";
import { difference } from "../../supervisor/daemon/difference.ts";
import { makeUnit } from "../support/units.ts";

const entries = [...createWorld(["a", "b", "c"].map((name) => makeUnit(name))).units];
const worldOf = (...indexes: readonly number[]) => new Map(entries.filter((_, index) => indexes.includes(index)));

test("units that are the same in both worlds are not told; those that are gone come first", () => {
  const before = worldOf(0, 1);
  const now = worldOf(0, 2);
  expect(difference(before, before)).toEqual([]);
  expect(difference(before, now).map(({ name }) => name)).toEqual(["b", "c"]);
  expect(difference(before, now).map(({ now: there }) => there !== null)).toEqual([false, true]);
});

test("a unit that has changed is told as it was and as it is", () => {
  const [name, entry] = entries[0] ?? [];
  if (name === undefined || !entry) throw new Error("no unit");
  const changed = { ...entry, target: 2 };
  expect(difference(new Map([[name, entry]]), new Map([[name, changed]]))).toEqual([
    { name, before: entry, now: changed },
  ]);
});
