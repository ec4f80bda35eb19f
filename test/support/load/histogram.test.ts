import { expect, test } from "bun:test";
import { createHistogram } from "./histogram.ts";

test("every quantile is within 1.6 % of the sorted values' own, and never above the largest", () => {
  const histogram = createHistogram();
  const values = Array.from({ length: 20_000 }, (_, index) => Math.round(1.0006 ** index * 3));
  for (const value of values) histogram.add(value);
  for (const share of [0.001, 0.25, 0.5, 0.99, 0.999, 1]) {
    const exact = (values[Math.ceil(values.length * share) - 1] ?? 0) / 1000;
    expect(histogram.quantile(share)).toBeGreaterThanOrEqual(exact);
    expect(histogram.quantile(share)).toBeLessThanOrEqual(Math.max(exact * 1.016, exact + 0.001));
  }
  expect(histogram.quantile(1)).toBe(histogram.max());
});

test("what stands for one value is that value: small ones are exact, half an hour fits", () => {
  for (const us of [0, 1, 127, 128, 129, 1_800_000_000]) {
    const histogram = createHistogram();
    histogram.add(us);
    expect([histogram.count, histogram.quantile(0.5), histogram.max()]).toEqual([1, us / 1000, us / 1000]);
  }
});

test("two together are as one that was told of everything; an emptied one says nothing", () => {
  const [left, right, both] = [createHistogram(), createHistogram(), createHistogram()];
  for (let us = 1; us < 5_000; us++) {
    (us % 3 === 0 ? left : right).add(us);
    both.add(us);
  }
  left.merge(right);
  expect([left.count, left.quantile(0.99), left.max()]).toEqual([both.count, both.quantile(0.99), both.max()]);
  left.clear();
  expect([left.count, left.quantile(0.99), left.max()]).toEqual([0, 0, 0]);
});
