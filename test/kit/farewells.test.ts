import { expect, test } from "bun:test";
import { farewells } from "../../services/kit/farewells.ts";

type Look = Readonly<{ atMs: number; remain?: number; waiting?: number }>;

/** How many of `asked` may go at each of these times, one after the other. Units: milliseconds. */
function told(spreadMs: number, asked: number, looks: readonly Look[]): readonly number[] {
  let nowMs = 0;
  const { mayBeNext, remain } = farewells(spreadMs, () => nowMs);
  return looks.map((look) => {
    nowMs = look.atMs;
    if (look.remain !== undefined) remain(look.remain, look.waiting ?? 0);
    return Array.from({ length: asked }, mayBeNext).filter(Boolean).length;
  });
}

test("C2: a few clients are sent away at once, then one in four milliseconds", () => {
  expect(told(5000, 100, [{ atMs: 0 }, { atMs: 4 }, { atMs: 8 }, { atMs: 48 }])).toEqual([8, 1, 1, 10]);
});

test("C2: the more there are, the faster they go, so that the spread is enough for all of them", () => {
  expect(told(5000, 20_000, [{ atMs: 0, remain: 10_000 }, { atMs: 10 }, { atMs: 2510 }])).toEqual([8, 20, 5000]);
});

test("those who stay longer than it was reckoned are spread over what is left", () => {
  const looks = [{ atMs: 0 }, { atMs: 4000, remain: 5000 }, { atMs: 4002 }, { atMs: 4004, remain: 10 }, { atMs: 4024 }];
  expect(told(5000, 20_000, looks)).toEqual([8, 1000, 10, 10, 5]);
});

test("where those who went wait for somebody to let them in, everybody goes; where most of them are let in, nothing changes", () => {
  const looks = (waiting: number) => [{ atMs: 0 }, { atMs: 40 }, { atMs: 41, remain: 900, waiting }];
  expect(told(5000, 100, looks(14))).toEqual([8, 10, 100]);
  expect(told(5000, 100, looks(13))).toEqual([8, 10, 0]);
});

test("a few who wait are no sign: the next generation may just be about to let them in", () => {
  const looks = [{ atMs: 0 }, { atMs: 20, remain: 900, waiting: 8 }];
  expect(told(5000, 100, looks)).toEqual([8, 5]);
});

test("after the spread everybody goes", () => {
  expect(told(100, 1000, [{ atMs: 96 }, { atMs: 100 }])).toEqual([32, 1000]);
});

test("without a spread everybody goes, at once", () => {
  expect(told(0, 1000, [{ atMs: 0 }, { atMs: 1, remain: 5 }])).toEqual([1000, 1000]);
});
