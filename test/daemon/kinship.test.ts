import { expect, test } from "bun:test";
import { kinship } from "../../supervisor/daemon/kinship.ts";
import { makeUnit } from "../support/units.ts";

const units = [
  makeUnit("redis"),
  makeUnit("cache", { requires: ["redis"] }),
  makeUnit("api", { requires: ["cache"], wants: ["log"] }),
  makeUnit("part", { partOf: ["cache"] }),
  makeUnit("bound", { bindsTo: ["redis"], requires: ["cache"] }),
  makeUnit("foe", { conflicts: ["redis"] }),
  makeUnit("log"),
  makeUnit("ring", { requires: ["ring2"] }),
  makeUnit("ring2", { requires: ["ring"] }),
];

/** Shape: "cache requires, redis requires". */
const way = (unit: string, named: string[], to: "up" | "down"): string =>
  kinship(units, unit, new Set(named), to)
    .map(({ unit: name, relation }) => `${name} ${relation}`)
    .join(", ");

test.each([
  ["api", ["redis"], "down", "cache requires, redis requires"],
  ["part", ["cache"], "down", "cache part_of"],
  ["bound", ["redis", "cache"], "down", "redis binds_to"],
  ["foe", ["redis"], "down", "redis conflicts"],
  ["redis", ["foe"], "down", "foe conflicts"],
  ["redis", ["api"], "up", "cache needed_by, api needed_by"],
  ["log", ["api"], "up", "api needed_by"],
  ["api", ["api", "redis"], "down", ""],
  ["log", ["redis"], "down", ""],
  ["ring", ["redis"], "down", ""],
  ["nobody", ["redis"], "down", ""],
] as const)("%s, moved with %j, %s: %s", (unit, named, to, steps) => {
  expect(way(unit, [...named], to)).toBe(steps);
});

test("a long way round is not searched for ever", () => {
  const long = Array.from({ length: 50 }, (_, at) => makeUnit(`u${at}`, { requires: at < 49 ? [`u${at + 1}`] : [] }));
  expect(kinship(long, "u0", new Set(["u49"]), "down")).toEqual([]);
  expect(kinship(long, "u0", new Set(["u8"]), "down").length).toBe(8);
});
