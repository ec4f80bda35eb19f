import { expect, test } from "bun:test";
import { match } from "../../supervisor/unit/pattern.ts";
import { faultsOf } from "./sample.ts";

const names = ["worker", "api", "web", "workshop"];

const patterns: readonly (readonly [readonly string[], readonly string[]])[] = [
  [["api"], ["api"]],
  [["all"], names],
  [["work*"], ["worker", "workshop"]],
  [["*"], names],
  [["w?b"], ["web"]],
  [["*o*k*"], ["worker", "workshop"]],
  [
    ["web", "worker", "web"],
    ["worker", "web"],
  ],
  [["api@1"], ["api"]],
  [[], []],
];

for (const [given, met] of patterns) {
  test(`${JSON.stringify(given)} stands for ${JSON.stringify(met)}`, () => {
    expect(match(given, names)).toEqual({ ok: true, value: met });
  });
}

test("instances are met by name, and by no pattern that does not ask for them", () => {
  const withInstances = ["api", "api@1", "api@2", "web"];
  const met = (pattern: string) => match([pattern], withInstances);
  expect(met("api@2")).toEqual({ ok: true, value: ["api@2"] });
  expect(met("api@1")).toEqual({ ok: true, value: ["api@1"] });
  expect(met("a*")).toEqual({ ok: true, value: ["api"] });
  expect(met("all")).toEqual({ ok: true, value: ["api", "web"] });
  expect(match(["api@1"], ["api", "api@2"]).ok).toBe(false);
  expect(met("api@*")).toEqual({ ok: true, value: ["api@1", "api@2"] });
});

test("every pattern that meets nothing is a fault, with the nearest name", () => {
  const faults = faultsOf(match(["wrker", "api", "x*", "api@7", "zzz"], names));
  expect(faults.map((fault) => fault.message)).toEqual([
    'there is no unit "wrker" (did you mean `worker`?)',
    "no unit matches 'x*'",
    'unit "api" has no instance 7',
    'there is no unit "zzz"',
  ]);
  expect(faults.every((fault) => fault.code === "unit-unknown")).toBe(true);
});

test("all of no units is nothing, and no fault", () => {
  expect(match(["all"], [])).toEqual({ ok: true, value: [] });
});

test("a pattern full of stars costs no time", () => {
  const before = performance.now();
  expect(match([`${"*a".repeat(100)}b`], ["a".repeat(250)]).ok).toBe(false);
  expect(performance.now() - before).toBeLessThan(500);
});
