import { describe, expect, test } from "bun:test";
import { type Goal, type Settlement, settled } from "../../supervisor/core/settled.ts";
import type { Unit } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import { Lives } from "./lives.ts";

const redis = makeUnit("redis", { service: { restart: "no" } });
const api = makeUnit("api", { requires: ["redis"], service: { restart: "no" } });
const goalUp: Goal = { tag: "up" };
const goalDown: Goal = { tag: "down" };
/** Shape: `ticket(1, 2)` waits for handover 1 of instance 1 and handover 2 of instance 2. */
const ticket = (...tickets: readonly number[]): Goal => ({
  tag: "reloaded",
  tickets: Object.fromEntries(tickets.map((each, index) => [index + 1, each])),
});

const done: Settlement = { result: "done", cause: null, waitsFor: null, invocation: null };
const started = (...units: readonly Unit[]): Lives => {
  const lives = new Lives(...units);
  lives.order("want-up", ...units.map(({ name }) => name));
  return lives;
};

test("a unit that is not there has failed every goal", () => {
  expect(settled(new Lives(redis).world, "ghost", goalUp)).toMatchObject({ result: "failed" });
});

describe("up", () => {
  test("is open while it starts, done when it serves", () => {
    const lives = started(redis);
    expect(settled(lives.world, "redis", goalUp)).toBeNull();
    lives.say("ready", "redis");
    expect(settled(lives.world, "redis", goalUp)).toMatchObject({ result: "done", cause: null });
  });

  test("stays done in a handover", () => {
    const lives = started(redis);
    lives.say("ready", "redis");
    lives.order("want-reload", "redis");
    expect(settled(lives.world, "redis", goalUp)).toMatchObject({ result: "done", cause: null });
  });

  test("is open while it is restarted, until it serves again", () => {
    const lives = started(redis);
    lives.say("ready", "redis");
    lives.order("want-restart", "redis");
    expect(settled(lives.world, "redis", goalUp)).toBeNull();
    lives.exit("redis");
    expect(settled(lives.world, "redis", goalUp)).toBeNull();
    lives.say("ready", "redis");
    expect(settled(lives.world, "redis", goalUp)?.result).toBe("done");
  });

  test("is not done by the process that a restart is about to end", () => {
    const lives = started(redis, api);
    lives.say("ready", "redis", "api");
    lives.order("want-restart", "redis", "api");
    expect(lives.phases).toBe("api stopping, redis running");
    expect(settled(lives.world, "redis", goalUp)).toBeNull();
  });

  test("has failed with the cause and the process that failed", () => {
    const lives = started(redis);
    const invocation = lives.newest("redis");
    lives.exit("redis", 3);
    expect(settled(lives.world, "redis", goalUp)).toEqual({
      result: "failed",
      cause: { tag: "exited", exit: { by: "code", code: 3 }, clean: false, ready: false },
      waitsFor: null,
      invocation,
    });
  });

  test("is open while the policy tries again", () => {
    const lives = started(makeUnit("redis"));
    lives.exit("redis", 3);
    expect(lives.phases).toBe("redis waiting");
    expect(settled(lives.world, "redis", goalUp)).toBeNull();
  });

  test("is done by a service that did its work and ended", () => {
    const lives = started(makeUnit("redis", { service: { type: "simple", restart: "no" } }));
    lives.exit("redis", 0);
    expect(settled(lives.world, "redis", goalUp)).toMatchObject({ result: "done", cause: { clean: true } });
  });

  test("has failed when what it requires has failed, and says so of which one", () => {
    const lives = started(redis, api);
    expect(settled(lives.world, "api", goalUp)).toBeNull();
    lives.exit("redis", 1);
    expect(settled(lives.world, "api", goalUp)).toEqual({
      ...done,
      result: "failed",
      waitsFor: "redis, which has failed",
    });
  });

  test("of several instances has failed as soon as one has", () => {
    const lives = started(makeUnit("redis", { service: { instances: 2, restart: "no" } }));
    lives.say("ready", "redis@1");
    expect(settled(lives.world, "redis", goalUp)).toBeNull();
    const pair = started(makeUnit("redis", { service: { instances: 2, restart: "no" } }));
    pair.exit("redis@2", 1);
    expect(pair.phases).toBe("redis@1 starting, redis@2 failed");
    expect(settled(pair.world, "redis", goalUp)).toMatchObject({ result: "failed" });
  });

  test("has failed when somebody stops it meanwhile", () => {
    const lives = started(redis);
    lives.order("want-down", "redis");
    expect(settled(lives.world, "redis", goalUp)).toBeNull();
    lives.exit("redis", 0);
    expect(settled(lives.world, "redis", goalUp)).toEqual({ ...done, result: "failed", cause: { tag: "stopped" } });
  });
});

describe("of one instance", () => {
  const pair = makeUnit("redis", { service: { instances: 2, restart: "no" } });

  test("up and down speak of that one alone", () => {
    const lives = started(pair);
    lives.say("ready", "redis@2");
    expect([settled(lives.world, "redis@1", goalUp), settled(lives.world, "redis", goalUp)]).toEqual([null, null]);
    expect(settled(lives.world, "redis@2", goalUp)).toEqual(done);
    lives.order("want-down", "redis@1");
    lives.exit("redis@1", 0);
    expect([settled(lives.world, "redis@1", goalDown), settled(lives.world, "redis", goalDown)]).toEqual([done, null]);
  });
});

describe("scaled", () => {
  const goal: Goal = { tag: "scaled" };
  const scaled = (count: number): Lives => {
    const lives = started(makeUnit("redis", { service: { instances: 2, restart: "no" } }));
    lives.say("ready", "redis@1", "redis@2");
    lives.post({ tag: "scale", unit: "redis", count });
    return lives;
  };

  test("up is open until the new instance serves", () => {
    const lives = scaled(3);
    expect(settled(lives.world, "redis", goal)).toBeNull();
    lives.say("ready", "redis@3");
    expect(settled(lives.world, "redis", goal)).toEqual(done);
  });

  test("up has failed when the new instance has", () => {
    const lives = scaled(3);
    lives.exit("redis@3", 1);
    expect(settled(lives.world, "redis", goal)).toMatchObject({ result: "failed", cause: { tag: "exited" } });
  });

  test("down is open until the last one too many is gone, however it ends", () => {
    const lives = scaled(1);
    expect(settled(lives.world, "redis", goal)).toBeNull();
    lives.exit("redis@2", 9);
    expect(settled(lives.world, "redis", goal)).toEqual(done);
  });

  test("of a unit that nobody wants up is done at rest, and waits for one that still leaves", () => {
    const lives = scaled(2);
    lives.order("want-down", "redis");
    lives.post({ tag: "scale", unit: "redis", count: 4 });
    expect(settled(lives.world, "redis", goal)).toBeNull();
    for (const name of ["redis@1", "redis@2"]) lives.exit(name, 0);
    expect(lives.phases).toBe("redis@1 inactive, redis@2 inactive, redis@3 inactive, redis@4 inactive");
    expect(settled(lives.world, "redis", goal)).toEqual(done);
  });
});

describe("down", () => {
  test("is open while a process is there, and done at rest", () => {
    const lives = started(redis);
    expect(settled(lives.world, "redis", goalDown)).toBeNull();
    lives.order("want-down", "redis");
    expect(settled(lives.world, "redis", goalDown)).toBeNull();
    lives.exit("redis", 0);
    expect(settled(lives.world, "redis", goalDown)).toEqual(done);
  });

  test.each([0, 1])("is done by a unit that had ended by itself with code %p", (code) => {
    const lives = started(redis);
    lives.say("ready", "redis");
    lives.exit("redis", code);
    expect(lives.phases).toBe(code === 0 ? "redis finished" : "redis failed");
    expect(settled(lives.world, "redis", goalDown)).toMatchObject({ result: "done" });
  });

  test("is done, with its cause, by a unit that ended uncleanly", () => {
    const lives = started(redis);
    lives.order("want-down", "redis");
    lives.exit("redis", 4);
    expect(settled(lives.world, "redis", goalDown)).toMatchObject({ result: "done", cause: { exit: { code: 4 } } });
  });
});

describe("reloaded", () => {
  const running = (...units: readonly Unit[]): Lives => {
    const lives = started(...units);
    for (const { name, service } of units) {
      for (let index = 1; index <= service.instances; index++) lives.say("ready", `${name}@${index}`);
    }
    return lives;
  };

  test("is done with the verdict of its own ticket, not of an earlier one", () => {
    const lives = running(redis);
    lives.order("want-reload", "redis");
    lives.order("want-reload", "redis");
    const old = lives.state("redis").phase;
    lives.say("ready", "redis");
    expect(settled(lives.world, "redis", ticket(1))).toBeNull();
    lives.pass(1_000);
    expect(settled(lives.world, "redis", ticket(1))).toMatchObject({ result: "done", cause: null });
    expect(settled(lives.world, "redis", ticket(2))).toBeNull();
    lives.exitOf("run" in old ? old.run.invocation : "");
    lives.exit("redis", 1);
    expect(settled(lives.world, "redis", ticket(2))).toMatchObject({ result: "kept-old", cause: { tag: "exited" } });
  });

  test("an older ticket is answered by a newer verdict", () => {
    const lives = running(redis);
    lives.order("want-reload", "redis");
    lives.order("want-reload", "redis");
    lives.order("want-down", "redis");
    expect(settled(lives.world, "redis", ticket(1))).toMatchObject({ result: "failed", cause: { tag: "stopped" } });
  });

  test("of several instances is kept-old as soon as the first is, since the others stay with it", () => {
    const lives = running(makeUnit("redis", { service: { instances: 2 } }));
    lives.order("want-reload", "redis");
    lives.exit("redis@1", 1);
    expect(lives.phases).toBe("redis@1 running, redis@2 running");
    expect(settled(lives.world, "redis", ticket(1, 1))).toMatchObject({ result: "kept-old" });
  });

  test("of several instances is open while one of them is", () => {
    const lives = running(makeUnit("redis", { service: { instances: 2 }, handover: { soakMs: 0 } }));
    lives.now += 1;
    lives.order("want-reload", "redis");
    const old = lives.state("redis@1").phase;
    lives.say("ready", "redis@1");
    lives.exitOf("run" in old ? old.run.invocation : "");
    expect(settled(lives.world, "redis", ticket(1, 1))).toBeNull();
    lives.exit("redis@2", 1);
    expect(settled(lives.world, "redis", ticket(1, 1))).toBeNull();
    lives.say("ready", "redis@1");
    expect(settled(lives.world, "redis", ticket(1, 1))).toMatchObject({ result: "kept-old" });
  });
});
