import { expect, test } from "bun:test";
import { farewells } from "../../services/kit/farewells.ts";

/** How many of `asked` may go at each of these times, one after the other. Units: milliseconds. */
function told(spreadMs: number, asked: number, timesMs: readonly number[]): readonly number[] {
  let nowMs = 0;
  const { mayBeNext } = farewells(spreadMs, () => nowMs);
  return timesMs.map((atMs) => {
    nowMs = atMs;
    return Array.from({ length: asked }, mayBeNext).filter(Boolean).length;
  });
}

test("C2: a few clients are sent away at once, then one in each millisecond", () => {
  expect(told(5000, 100, [0, 1, 2, 50])).toEqual([32, 1, 1, 48]);
});

test("after the spread everybody is", () => {
  expect(told(100, 1000, [99, 100])).toEqual([131, 1000]);
});

test("without a spread everybody is, at once", () => {
  expect(told(0, 1000, [0])).toEqual([1000]);
});
