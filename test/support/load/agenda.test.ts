import { expect, test } from "bun:test";
import { createAgenda } from "./agenda.ts";

test("things come in the order of their times, each once, and none before its time", () => {
  const agenda = createAgenda<number>();
  const times = Array.from({ length: 500 }, (_, index) => (index * 7919) % 503);
  for (const atMs of times) agenda.add(atMs, atMs);
  expect(agenda.due(-1)).toBeNull();
  expect(agenda.nextAtMs).toBe(0);
  const taken: number[] = [];
  for (let nowMs = 0; nowMs < 503; nowMs++) {
    for (let what = agenda.due(nowMs); what !== null; what = agenda.due(nowMs)) {
      expect(what).toBe(nowMs);
      taken.push(what);
    }
  }
  expect(taken).toEqual(times.toSorted((left, right) => left - right));
  expect(agenda.nextAtMs).toBe(Number.POSITIVE_INFINITY);
});

test("what is not due can be taken as well, and the rest keeps its time", () => {
  const agenda = createAgenda<string>();
  for (const [atMs, what] of [
    [9, "late"],
    [5, "mine"],
    [1, "soon"],
    [3, "mine, too"],
  ] as const)
    agenda.add(atMs, what);
  expect([...agenda.take((what) => what.startsWith("mine"))].sort()).toEqual(["mine", "mine, too"]);
  expect([agenda.due(1), agenda.due(8), agenda.due(9), agenda.due(10)]).toEqual(["soon", null, "late", null]);
});
