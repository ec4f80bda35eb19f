import { expect, test } from "bun:test";
import type { World } from "../../supervisor/core/world.ts";
import type { Verdict } from "../../supervisor/daemon/ports.ts";
import { createWaiters } from "../../supervisor/daemon/waiters.ts";
import { Lives } from "../core/lives.ts";
import { makeUnit } from "../support/units.ts";
import { within } from "../support/within.ts";

const units = [makeUnit("redis"), makeUnit("api", { requires: ["redis"] }), makeUnit("side")];

/** Those who wait, in a world that the test moves on. */
function begin() {
  const lives = new Lives(...units);
  const verdict = (unit: string, result: "done" | "failed" | "kept-old"): Verdict => {
    return { unit, result, message: "", tail: [], fault: null };
  };
  const waiters = createWaiters(
    () => ({ world: lives.world, turn: 1 }),
    (_verb, unit, { result }) => verdict(unit, result),
  );
  const results = async (promise: Promise<readonly Verdict[]>): Promise<readonly string[]> => {
    const verdicts = await within(promise, 1_000, "everybody is answered");
    return verdicts.map(({ unit, result }) => `${unit} ${result}`);
  };
  return { lives, waiters, results, turned: (world: World = lives.world, turn = 1) => waiters.turned(world, turn) };
}

test("who waits for several is answered when the last of them is there, in the order of asking", async () => {
  const { lives, waiters, results, turned } = begin();
  lives.order("want-up", "redis", "side");
  const answer = waiters.wait("start", [
    { unit: "side", goal: { tag: "up" } },
    { unit: "redis", goal: { tag: "up" } },
  ]);
  turned();
  lives.say("ready", "redis");
  turned();
  lives.say("ready", "side");
  turned();
  expect(await results(answer)).toEqual(["side done", "redis done"]);
});

test("what was settled before anybody waited is answered without another turn", async () => {
  const { lives, waiters, results } = begin();
  lives.order("want-up", "redis");
  lives.say("ready", "redis");
  expect(await results(waiters.wait("start", [{ unit: "redis", goal: { tag: "up" } }]))).toEqual(["redis done"]);
});

test("the failure of what a unit requires is an answer, though nothing happened to the unit itself", async () => {
  const { lives, waiters, results, turned } = begin();
  lives.order("want-up", "api", "redis");
  const answer = waiters.wait("start", [{ unit: "api", goal: { tag: "up" } }]);
  await Promise.resolve();
  turned();
  lives.order("want-down", "redis");
  turned();
  lives.exit("redis");
  turned();
  expect(await results(answer)).toEqual(["api failed"]);
});

test("a unit that is no more keeps nobody waiting", async () => {
  const { lives, waiters, results, turned } = begin();
  lives.order("want-up", "redis");
  const answer = waiters.wait("start", [{ unit: "redis", goal: { tag: "up" } }]);
  await Promise.resolve();
  turned();
  const left = new Map([...lives.world.units].filter(([name]) => name !== "redis"));
  turned({ ...lives.world, units: left });
  expect(await results(answer)).toEqual(["redis failed"]);
});

test("a turn from before the order, told of after it, does not answer it", async () => {
  const { lives, waiters, results, turned } = begin();
  const before = lives.world;
  lives.order("want-up", "side");
  const answer = waiters.wait("start", [{ unit: "side", goal: { tag: "up" } }]);
  turned(before, 0);
  lives.say("ready", "side");
  turned();
  expect(await results(answer)).toEqual(["side done"]);
});
