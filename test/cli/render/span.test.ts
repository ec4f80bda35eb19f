import { expect, test } from "bun:test";
import { span } from "../../../supervisor/cli/render/span.ts";
import { parseSpan } from "../../../supervisor/unit/span.ts";

test.each([
  [0, "0"],
  [0.5, "500us"],
  [100, "100ms"],
  [30_000, "30s"],
  [90_500, "1min 30s 500ms"],
  [3_600_000, "1h"],
  [90_061_001, "1d 1h 1min 1s 1ms"],
])("%d ms is %s, and a unit file may say so", (ms, text) => {
  expect(span(ms)).toBe(text);
  expect(parseSpan(text)).toBe(ms);
});
