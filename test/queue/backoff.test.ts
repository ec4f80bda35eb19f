import { expect, test } from "bun:test";
import { backoffMs } from "../../services/queue/backoff.ts";

const backoff = { baseMs: 1_000, capMs: 60_000 };

test("the longest rest doubles with each attempt up to the cap", () => {
  const longest = [1, 2, 3, 6, 7, 50, 2_000].map((attempt) => backoffMs(attempt, backoff, () => 0.999_999));
  expect(longest).toEqual([999, 1_999, 3_999, 31_999, 59_999, 59_999, 59_999]);
});

test("chance spreads the rest from nothing to the longest", () => {
  expect([0, 0.5].map((chance) => backoffMs(3, backoff, () => chance))).toEqual([0, 2_000]);
});
