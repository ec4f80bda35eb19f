import { describe, expect, test } from "bun:test";
import { makeUnit } from "../support/units.ts";
import { Lives } from "./lives.ts";

test("an order reaches everybody before the first gate opens", () => {
  const lives = new Lives(makeUnit("a", { wants: ["b"] }), makeUnit("b"));
  lives.order("want-up", "a", "b");
  // Were `a` let through before `b` is wanted, nothing would stand in its way.
  expect(lives.phases).toBe("a inactive, b starting");
});

test("an order to a unit that is not there reaches the others", () => {
  const lives = new Lives(makeUnit("a"));
  expect(lives.order("want-up", "ghost", "a")).toContain("a@1 spawn i1 g1");
});

test("one turn goes on until no gate is open any more", () => {
  const lives = new Lives(makeUnit("a"), makeUnit("b", { requires: ["a"] }));
  lives.order("want-up", "a", "b");
  lives.say("ready", "a", "b");
  lives.order("want-restart", "a", "b");
  lives.exit("b", 0);
  // The last exit frees `a` to rest and to be started again, in one turn.
  expect(lives.exit("a", 0)).toEqual([
    "a@1 exited i1 g1: exited with code 0",
    "a@1 stopping → inactive",
    "a@1 spawn i3 g1",
    "a@1 inactive → starting i3",
  ]);
});

describe("an order to one instance", () => {
  const pair = makeUnit("api", { service: { instances: 2 } });
  const running = (): Lives => {
    const lives = new Lives(pair);
    lives.order("want-up", "api");
    lives.say("ready", "api@1", "api@2");
    return lives;
  };

  test("starts that one alone", () => {
    const lives = new Lives(pair);
    expect(lives.order("want-up", "api@2")).toContain("api@2 spawn i1 g1");
    expect(lives.phases).toBe("api@1 inactive, api@2 starting");
  });

  test.each([
    ["want-down", "api@1 running, api@2 stopping", "down"],
    ["want-restart", "api@1 running, api@2 stopping", "up"],
    ["want-reload", "api@1 running, api@2 replacing", "up"],
  ] as const)("%s leaves the other alone", (tag, phases, wanted) => {
    const lives = running();
    lives.order(tag, "api@2");
    expect(lives.phases).toBe(phases);
    expect([lives.state("api@1").wanted, lives.state("api@2").wanted]).toEqual(["up", wanted]);
  });

  test("that is not there changes nothing", () => {
    const lives = running();
    expect(lives.order("want-down", "api@3", "api@0")).toEqual([]);
  });

  test("counts once when its unit is named as well", () => {
    const lives = running();
    const stops = lives.order("want-restart", "api", "api@2").filter((text) => text.includes("SIG"));
    expect(stops).toEqual(["api@1 SIGTERM group i1", "api@2 SIGTERM group i2"]);
  });
});

test("a gate that another has just closed is not gone through: of two that conflict, the first by name starts", () => {
  const lives = new Lives(makeUnit("a"), makeUnit("b", { conflicts: ["a"] }));
  lives.order("want-up", "b", "a");
  expect(lives.phases).toBe("a starting, b inactive");
});

describe("every process has a name of its own", () => {
  test("over all units and turns", () => {
    const lives = new Lives(makeUnit("a", { service: { instances: 3 } }), makeUnit("b"));
    const spawns = [...lives.order("want-up", "a", "b")];
    lives.exit("b", 1);
    spawns.push(...lives.pass(100));
    const names = spawns.filter((text) => text.includes("spawn")).map((text) => text.split(" ")[2]);
    expect(names).toEqual(["i1", "i2", "i3", "i4", "i5"]);
    expect(lives.newest("b")).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe("a deadline", () => {
  test("moves only those whose time has come", () => {
    const lives = new Lives(
      makeUnit("a", { service: { timeoutStartMs: 700 } }),
      makeUnit("b", { service: { timeoutStartMs: 300 } }),
    );
    lives.order("want-up", "a", "b");
    lives.pass(300);
    expect(lives.phases).toBe("a starting, b stopping");
  });

  test("that comes too early leaves the world as it is", () => {
    const lives = new Lives(makeUnit("a"));
    lives.order("want-up", "a");
    const before = lives.world;
    expect(lives.post({ tag: "deadline" })).toEqual([]);
    expect(lives.world).toEqual(before);
  });
});

test("a fact about nobody's process leaves the world as it is", () => {
  const lives = new Lives(makeUnit("a"));
  const before = lives.world;
  expect(lives.tell({ tag: "ready", invocation: "foreign" })).toEqual([]);
  expect(lives.world).toEqual(before);
});
