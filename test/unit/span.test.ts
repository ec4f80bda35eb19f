import { expect, test } from "bun:test";
import { parseSpan } from "../../supervisor/unit/span.ts";

const spans: readonly (readonly [string | number, number])[] = [
  ["100ms", 100],
  ["1min 30s", 90_000],
  ["1min30s", 90_000],
  ["2h", 7_200_000],
  ["1.5h", 5_400_000],
  [".5s", 500],
  ["5", 5000],
  [" 3 sec ", 3000],
  ["250us", 0.25],
  ["250µs", 0.25],
  ["1d", 86_400_000],
  ["1w", 604_800_000],
  ["1month", 2_629_800_000],
  ["1M", 2_629_800_000],
  ["1m", 60_000],
  ["1y 2months", 36_817_200_000],
  ["2 hours 1 minute", 7_260_000],
  ["0", 0],
  ["infinity", Infinity],
  [2, 2000],
  [0.1, 100],
  [1.1, 1100],
  [Infinity, Infinity],
];

for (const [raw, ms] of spans) {
  test(`${JSON.stringify(raw)} is ${ms} ms`, () => expect(parseSpan(raw)).toBe(ms));
}

for (const raw of ["", " ", "abc", "1x", "-1", "1min -30s", "1,5s", "infinity 1s", "1.2.3s", "s", -1, Number.NaN]) {
  test(`${JSON.stringify(raw)} is no span`, () => expect(parseSpan(raw)).toBeNull());
}

test("a hostile text is refused in no time", () => {
  const before = performance.now();
  expect(parseSpan(`${"1".repeat(50_000)}!`)).toBeNull();
  expect(parseSpan(`${"1 ".repeat(5_000)}!`)).toBeNull();
  expect(performance.now() - before).toBeLessThan(1000);
});
