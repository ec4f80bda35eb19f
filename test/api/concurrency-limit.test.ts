import { expect, test } from "bun:test";
import { createConcurrencyLimit, nextLimit } from "../../services/api/concurrency-limit.ts";

const seen = { most: 200, peak: 200, meanMs: 100 };

test.each([
  ["as long as it should", seen, 200],
  ["twice as long: half as many", { ...seen, meanMs: 200 }, 100],
  ["half as long: more, by half at most", { ...seen, meanMs: 50 }, 300],
  ["nine times as long: a quarter at least", { ...seen, meanMs: 900 }, 50],
  ["too long, but not even half of them were in hand", { ...seen, peak: 99, meanMs: 900 }, 200],
  ["no time at all", { ...seen, meanMs: 0 }, 300],
  ["far too long, and few already", { ...seen, most: 20, peak: 20, meanMs: 900 }, 16],
  ["very quick, and very many already", { ...seen, most: 4_000, peak: 4_000, meanMs: 1 }, 4_096],
])("the next limit where they took %s", (_, window, limit) => {
  expect(nextLimit(window, 100)).toBe(limit);
});

test("as many are let in as may be, and another for each that leaves; the limit is learnt window by window", () => {
  let now = 0;
  const limit = createConcurrencyLimit(100, () => now);
  const enterAll = () => {
    let entered = 0;
    while (limit.enter()) entered += 1;
    return entered;
  };
  expect(enterAll()).toBe(128);
  now = 99;
  limit.leave(400);
  expect([limit.inHand, limit.most, limit.enter(), limit.enter()]).toEqual([127, 128, true, false]);
  for (let left = 0; left < 127; left += 1) limit.leave(400);
  now = 100;
  limit.leave(400);
  expect([limit.inHand, limit.most]).toEqual([0, 32]);
  expect(enterAll()).toBe(32);
});

test("one that steps aside makes room, and has its place back whoever came meanwhile", () => {
  const limit = createConcurrencyLimit(100, () => 0);
  while (limit.enter());
  limit.stepAside();
  expect([limit.enter(), limit.enter()]).toEqual([true, false]);
  limit.comeBack();
  expect([limit.inHand, limit.enter()]).toEqual([129, false]);
});
