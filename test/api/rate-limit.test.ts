import { expect, test } from "bun:test";
import { createRateLimit } from "../../services/api/rate-limit.ts";

function limit(perSecond: number, burst: number) {
  const clock = { now: 0 };
  return { clock, mayAsk: createRateLimit({ perSecond, burst }, () => clock.now) };
}

test("a client may ask a burst at once, and then as often as the rate says", () => {
  const { clock, mayAsk } = limit(10, 3);
  expect([1, 2, 3, 4].map(() => mayAsk("a"))).toEqual([0, 0, 0, 100]);
  clock.now = 60;
  expect(mayAsk("a")).toBe(40);
  clock.now = 100;
  expect([mayAsk("a"), mayAsk("a")]).toEqual([0, 100]);
  clock.now = 100_000;
  expect([1, 2, 3, 4].map(() => mayAsk("a"))).toEqual([0, 0, 0, 100]);
});

test("asking in vain does not put off the next answer", () => {
  const { clock, mayAsk } = limit(1, 1);
  mayAsk("a");
  for (clock.now = 100; clock.now < 1_000; clock.now += 100) expect(mayAsk("a")).toBe(1_000 - clock.now);
  expect(mayAsk("a")).toBe(0);
});

test("each client has its own measure, and ten thousand are remembered: the one that was silent longest is forgotten", () => {
  const { mayAsk } = limit(1, 1);
  for (let client = 0; client < 10_000; client++) expect(mayAsk(String(client))).toBe(0);
  expect(mayAsk("1")).toBeGreaterThan(0);
  expect(mayAsk("another")).toBe(0);
  expect(mayAsk("1")).toBeGreaterThan(0);
  expect(mayAsk("0")).toBe(0);
});
