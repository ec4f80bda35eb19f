import { expect, test } from "bun:test";
import { drainLimit } from "../../services/modules/drain-limit.ts";

test("a drain ends in order before the supervisor's own limit, and never later than configured", () => {
  expect(drainLimit(25_000, { SUPERVISOR_DRAIN_MS: "30000" })).toBe(25_000);
  expect(drainLimit(25_000, { SUPERVISOR_DRAIN_MS: "10000" })).toBe(9_000);
  expect(drainLimit(25_000, { SUPERVISOR_DRAIN_MS: "1000" })).toBe(500);
  expect(drainLimit(100, { SUPERVISOR_DRAIN_MS: "10000" })).toBe(100);
});

test("without a supervisor the configured limit holds", () => {
  for (const env of [{}, { SUPERVISOR_DRAIN_MS: "" }, { SUPERVISOR_DRAIN_MS: "0" }, { SUPERVISOR_DRAIN_MS: "x" }]) {
    expect(drainLimit(25_000, env)).toBe(25_000);
  }
});
