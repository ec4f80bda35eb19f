import { expect, test } from "bun:test";
import { age } from "../../../supervisor/cli/render/age.ts";
import { bytes } from "../../../supervisor/cli/render/bytes.ts";

const S = 1000;
const MIN = 60 * S;
const H = 60 * MIN;
const D = 24 * H;

test.each([
  [-5, "0ms"],
  [999.9, "999ms"],
  [S, "1s"],
  [59 * S, "59s"],
  [MIN + 5 * S, "1min 5s"],
  [5 * MIN, "5min"],
  [59 * MIN + 59 * S, "59min"],
  [H + 2 * MIN, "1h 2min"],
  [6 * H + 59 * MIN, "6h"],
  [D, "1 day 0h"],
  [D + 23 * H, "1 day 23h"],
  [2 * D, "2 days"],
  [7 * D, "1 week"],
  [9 * D, "1 week 2 days"],
  [31 * D, "1 month"],
  [70 * D, "2 months 9 days"],
  [400 * D, "1 year 1 month"],
  [731 * D, "2 years"],
])("%d ms are %s", (ms, text) => {
  expect(age(ms)).toBe(text);
});

test.each([
  [0, "0B"],
  [1023, "1023B"],
  [1024, "1.0K"],
  [12_897_485, "12.3M"],
  [1024 ** 2 - 1, "1.0M"],
  [3.5 * 1024 ** 3, "3.5G"],
  [5000 * 1024 ** 4, "5000.0T"],
])("%d bytes are %s", (size, text) => {
  expect(bytes(size)).toBe(text);
});
