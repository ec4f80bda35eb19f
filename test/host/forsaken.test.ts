import { expect, test } from "bun:test";
import { createForsaken } from "../../supervisor/host/forsaken.ts";

test("a dead child that is first for three seconds is forsaken, and not before", () => {
  let now = 1_000;
  const forsaken = createForsaken(() => now);
  expect(forsaken.is(7)).toBe(false);
  now += 2_999;
  expect(forsaken.is(7)).toBe(false);
  now += 1;
  expect(forsaken.is(7)).toBe(true);
});

test("the patience begins anew with each one that comes first", () => {
  let now = 0;
  const forsaken = createForsaken(() => now);
  forsaken.is(7);
  now += 2_000;
  expect(forsaken.is(8)).toBe(false);
  now += 2_000;
  expect(forsaken.is(7)).toBe(false);
  now += 3_000;
  expect(forsaken.is(7)).toBe(true);
});
