import { expect, test } from "bun:test";
import { parseSize } from "../../supervisor/unit/size.ts";

const sizes: readonly (readonly [string | number, number])[] = [
  ["64M", 67_108_864],
  ["1.5K", 1536],
  ["10 G", 10_737_418_240],
  ["1T", 1_099_511_627_776],
  ["512", 512],
  ["512B", 512],
  [4096, 4096],
  [0, 0],
  ["infinity", Infinity],
];

for (const [raw, bytes] of sizes) {
  test(`${JSON.stringify(raw)} is ${bytes} bytes`, () => expect(parseSize(raw)).toBe(bytes));
}

for (const raw of ["", "M", "64MB", "64m", "-1", "1e3", "9999999999T", -1, 1.5, Number.NaN]) {
  test(`${JSON.stringify(raw)} is no size`, () => expect(parseSize(raw)).toBeNull());
}
