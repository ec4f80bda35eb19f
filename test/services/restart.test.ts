import { expect, test } from "bun:test";
import { afterFailure } from "../../services/modules/restart.ts";

const policy = { baseMs: 500, capMs: 3_000, burst: 4, intervalMs: 60_000 };

test.each([
  ["the first", [], [9_000], 500],
  ["each further one doubles the pause", [1_000, 2_000], [1_000, 2_000, 9_000], 2_000],
  ["up to the cap", [1_000, 2_000, 3_000], [1_000, 2_000, 3_000, 9_000], 3_000],
  ["one too many", [1_000, 2_000, 3_000, 4_000], [1_000, 2_000, 3_000, 4_000, 9_000], null],
  ["one that is long ago does not count", [-51_000, 8_000], [8_000, 9_000], 1_000],
])("%s: after failures at %j those at %j count, and the pause is %j ms", (_what, before, failures, pauseMs) => {
  expect(afterFailure(before, 9_000, policy)).toEqual({ failures, pauseMs });
});

test("with a burst of 0 the first failure is one too many", () => {
  expect(afterFailure([], 0, { ...policy, burst: 0 }).pauseMs).toBeNull();
});
