import { expect, test } from "bun:test";
import { createLoopTurn } from "../../services/api/loop-turn.ts";

function loop(targetMs: number) {
  const clock = { now: 0 };
  const ends: (() => void)[] = [];
  const timers: { atMs: number; then: () => void }[] = [];
  const turn = createLoopTurn(targetMs, {
    now: () => clock.now,
    atEnd: (over) => void ends.push(over),
    later: (afterMs, then) => void timers.push({ atMs: clock.now + afterMs, then }),
  });
  /** A turn in which a crowd is handled at the first of these moments, and a request at each of them. Answers which of those were in time. */
  const handled = (...atMs: readonly number[]) => {
    clock.now = atMs[0] ?? 0;
    for (let few = 0; few < 16; few += 1) turn.enter();
    const inTime = atMs.map((ms) => {
      clock.now = ms;
      return turn.enter();
    });
    for (const end of ends.splice(0)) end();
    return inTime;
  };
  return { clock, turn, timers, handled };
}

test("a turn that is long once is let pass, unless it is ten times as long as it may be", () => {
  const { handled } = loop(100);
  expect(handled(0, 101, 1_000, 1_001)).toEqual([true, true, true, false]);
});

test("from the second long turn in a row, who waits longer than the target is late; after a short one all is well", () => {
  const { handled } = loop(100);
  handled(0, 150);
  expect(handled(160, 260, 261)).toEqual([true, true, false]);
  expect(handled(270, 371)).toEqual([true, false]);
  expect(handled(380, 390)).toEqual([true, true]);
  expect(handled(400, 900)).toEqual([true, true]);
});

test("a few are never late, however long they take: it is not they who are too many", () => {
  const { clock, turn } = loop(100);
  const inTime = Array.from({ length: 17 }, () => {
    clock.now += 10_000;
    return turn.enter();
  });
  expect(inTime).toEqual([...Array(16).fill(true), false]);
});

test("a long turn says nothing about one that comes much later", () => {
  const { handled } = loop(100);
  handled(0, 150);
  expect(handled(250, 600)).toEqual([true, true]);
});

test("within a turn a few are told at once that they are refused, the others after twice the target", async () => {
  const { clock, turn, timers, handled } = loop(100);
  handled(0);
  turn.enter();
  const told = Array.from({ length: 70 }, () => turn.refuse());
  expect(told.map((later) => later === null)).toEqual([...Array(64).fill(true), ...Array(6).fill(false)]);
  expect(timers.map(({ atMs }) => atMs)).toEqual([200]);
  for (const { then } of timers) then();
  await Promise.all(told);
  handled(clock.now);
  turn.enter();
  expect(turn.refuse()).toBeNull();
});
