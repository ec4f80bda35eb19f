import { describe, expect, test } from "bun:test";
import type { State } from "../../supervisor/core/state.ts";
import { createWorld, ownerOf, selected, stateOf, worldDeadline } from "../../supervisor/core/world.ts";
import { makeUnit } from "../support/units.ts";
import { Lives } from "./lives.ts";

const pair = makeUnit("api", { service: { instances: 2, restartMs: 100 } });

test("a world is in name order, whatever the order of its units", () => {
  const world = createWorld([makeUnit("c"), makeUnit("a"), makeUnit("b")]);
  expect([...world.units.keys()]).toEqual(["a", "b", "c"]);
});

describe("the instances of a unit", () => {
  test("are started and stopped together, each with a process of its own", () => {
    const lives = new Lives(pair);
    expect(lives.order("want-up", "api")).toEqual([
      "api@1 spawn i1 g1",
      "api@1 inactive → starting i1",
      "api@2 spawn i2 g1",
      "api@2 inactive → starting i2",
    ]);
    lives.say("ready", "api@1", "api@2");
    lives.order("want-down", "api");
    expect(lives.phases).toBe("api@1 stopping, api@2 stopping");
  });

  test("fail and come back each for itself", () => {
    const lives = new Lives(pair);
    lives.order("want-up", "api");
    lives.say("ready", "api@1", "api@2");
    lives.exit("api@2", 1);
    expect(lives.phases).toBe("api@1 running, api@2 waiting");
    expect(lives.state("api@1").restarts).toBe(0);
    lives.pass(100);
    expect(lives.phases).toBe("api@1 running, api@2 starting");
  });
});

describe("a name stands for", () => {
  const { world } = new Lives(pair, makeUnit("redis"));
  const one = (instance: number) => ({ unit: "api", instance });
  test.each([
    ["api", [one(1), one(2)]],
    ["api@1", [one(1)]],
    ["api@2", [one(2)]],
    ["api@3", []],
    ["api@0", []],
    ["api@", []],
    ["api@x", []],
    ["ghost", []],
    ["ghost@1", []],
  ] as const)("%s: %j", (name, whoms) => {
    expect(selected(world, name)).toEqual([...whoms]);
  });

  test("one instance has one state, and one that is not there has none", () => {
    expect(stateOf(world, one(2))).toBe(world.units.get("api")?.instances[1] as State);
    expect([stateOf(world, one(3)), stateOf(world, { unit: "ghost", instance: 1 })]).toEqual([undefined, undefined]);
  });
});

describe("the owner of a process", () => {
  const lives = new Lives(pair, makeUnit("redis"));
  lives.order("want-up", "api", "redis");
  const second = lives.newest("api@2");

  test("is the instance it serves, or leaves", () => {
    expect(ownerOf(lives.world, second)).toEqual({ unit: "api", instance: 2 });
    lives.order("want-down", "api");
    expect(ownerOf(lives.world, second)).toEqual({ unit: "api", instance: 2 });
    expect(ownerOf(lives.world, lives.newest("redis"))).toEqual({ unit: "redis", instance: 1 });
  });

  test("is nobody when it is gone or was never there", () => {
    lives.exit("api@2", 0);
    expect([ownerOf(lives.world, second), ownerOf(lives.world, "foreign")]).toEqual([null, null]);
  });
});

describe("the next deadline", () => {
  test("is the earliest of all, and none at rest", () => {
    const lives = new Lives(
      makeUnit("a", { service: { timeoutStartMs: 700 } }),
      makeUnit("b", { service: { timeoutStartMs: 300 } }),
    );
    expect(worldDeadline(lives.world)).toBeNull();
    lives.order("want-up", "a", "b");
    expect(worldDeadline(lives.world)).toBe(300);
    lives.say("ready", "b");
    expect(worldDeadline(lives.world)).toBe(700);
    lives.say("ready", "a");
    expect(worldDeadline(lives.world)).toBeNull();
  });
});
