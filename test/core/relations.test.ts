import { describe, expect, test } from "bun:test";
import { blockers } from "../../supervisor/core/gates.ts";
import type { Unit } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import { Lives } from "./lives.ts";

const redis = makeUnit("redis", { service: { restart: "no" } });
const api = makeUnit("api", { bindsTo: ["redis"] });
const up = (...units: readonly Unit[]): Lives => {
  const lives = new Lives(...units);
  lives.order("want-up", ...units.map(({ name }) => name));
  for (const { name, service } of units) {
    for (let index = 1; index <= service.instances; index++) lives.say("ready", `${name}@${index}`);
  }
  return lives;
};

describe("a unit that is bound to another", () => {
  test("starts after it", () => {
    const lives = new Lives(redis, api);
    lives.order("want-up", "redis", "api");
    expect(lives.phases).toBe("api inactive, redis starting");
    lives.say("ready", "redis");
    expect(lives.phases).toBe("api starting, redis running");
  });

  test.each([
    ["fails", 1, "has failed"],
    ["ends in success", 0, "has ended"],
  ] as const)("is stopped when that one %s, and waits for it", (_, code, why) => {
    const lives = up(redis, api);
    expect(lives.exit("redis", code)).toContain("api@1 SIGTERM group i2");
    lives.exit("api", 0);
    expect(lives.phases).toBe(`api inactive, redis ${code === 0 ? "finished" : "failed"}`);
    expect(lives.state("api").wanted).toBe("up");
    expect(blockers(lives.world, "api")).toEqual([{ unit: "redis", fatal: true, why }]);
  });

  test("comes back when that one does", () => {
    const lives = up(redis, api);
    lives.exit("redis", 1);
    lives.exit("api", 0);
    lives.order("want-up", "redis");
    lives.say("ready", "redis");
    expect(lives.phases).toBe("api starting, redis running");
  });

  test("is stopped while that one pauses before a restart, and comes back after it", () => {
    const lives = up(makeUnit("redis", { service: { restartMs: 5_000 } }), api);
    lives.exit("redis", 1);
    expect(lives.phases).toBe("api stopping, redis waiting");
    lives.exit("api", 0);
    expect(lives.pass(4_999)).toEqual([]);
    expect(lives.phases).toBe("api inactive, redis waiting");
    lives.pass(1);
    lives.say("ready", "redis");
    expect(lives.phases).toBe("api starting, redis running");
  });

  test.each([
    ["want-down", "api stopping, redis stopping"],
    ["want-restart", "api stopping, redis running"],
  ] as const)("is stopped by %s of that one alone, too", (tag, phases) => {
    const lives = up(redis, api);
    lives.order(tag, "redis");
    expect(lives.phases).toBe(phases);
    lives.exit("api", 0);
    lives.exit("redis", 0);
    expect(lives.phases).toBe(tag === "want-down" ? "api inactive, redis inactive" : "api inactive, redis starting");
  });

  test("is left alone by a handover of that one, also by one that is rejected", () => {
    const lives = up(redis, api);
    lives.order("want-reload", "redis");
    expect(lives.phases).toBe("api running, redis replacing");
    lives.exit("redis", 1);
    expect(lives.phases).toBe("api running, redis running");
  });

  test("is stopped when one of several instances of that one is gone", () => {
    const lives = up(makeUnit("redis", { service: { restart: "no", instances: 2 } }), api);
    lives.exit("redis@2", 1);
    expect(lives.phases).toBe("api stopping, redis@1 running, redis@2 failed");
  });

  test("is left alone when that one is scaled, up or down", () => {
    const lives = up(makeUnit("redis", { service: { restart: "no", instances: 2 } }), api);
    lives.post({ tag: "scale", unit: "redis", count: 1 });
    expect(lives.phases).toBe("api running, redis@1 running, redis@2 stopping");
    lives.exit("redis@2", 0);
    expect(lives.phases).toBe("api running, redis running");
    lives.post({ tag: "scale", unit: "redis", count: 2 });
    expect(lives.phases).toBe("api running, redis@1 running, redis@2 starting");
  });

  test("is stopped when that one dies in a handover before the new generation is ready", () => {
    const lives = up(redis, api);
    const old = lives.newest("redis");
    lives.order("want-reload", "redis");
    lives.exitOf(old, 1);
    expect(lives.phases).toBe("api stopping, redis starting");
  });

  test("stays beside a oneshot whose work is done, and is stopped when that is undone", () => {
    const job = makeUnit("redis", { service: { restart: "no", type: "oneshot" } });
    const lives = new Lives(job, api);
    lives.order("want-up", "redis", "api");
    lives.say("spawned", "redis");
    lives.exit("redis", 0);
    lives.say("ready", "api");
    expect(lives.phases).toBe("api running, redis finished");
    lives.order("want-down", "redis");
    expect(lives.phases).toBe("api stopping, redis inactive");
  });

  test("takes those along that are bound to it in turn: they go first", () => {
    const lives = up(redis, api, makeUnit("worker", { bindsTo: ["api"] }));
    lives.exit("redis", 1);
    expect(lives.phases).toBe("api running, redis failed, worker stopping");
    lives.exit("worker", 0);
    expect(lives.phases).toBe("api stopping, redis failed, worker inactive");
  });
});

describe("two units that conflict", () => {
  const old = makeUnit("old", { conflicts: ["new"] });
  const fresh = makeUnit("new");

  test("are never up together: the second waits until the first is gone, whichever says so", () => {
    for (const [first, second] of [
      ["old", "new"],
      ["new", "old"],
    ] as const) {
      const lives = new Lives(old, fresh);
      lives.order("want-up", first);
      lives.order("want-up", second);
      expect(lives.state(second).phase.tag).toBe("inactive");
      expect(blockers(lives.world, second)).toEqual([{ unit: first, fatal: false, why: "is not stopped yet" }]);
      lives.order("want-down", first);
      expect(lives.state(second).phase.tag).toBe("inactive");
      lives.exit(first, 0);
      expect(lives.state(second).phase.tag).toBe("starting");
    }
  });

  test("keep each other out also while one pauses before a restart", () => {
    const lives = new Lives(old, fresh);
    lives.order("want-up", "old");
    lives.exit("old", 1);
    lives.order("want-up", "new");
    expect(lives.phases).toBe("new inactive, old waiting");
    lives.pass(100);
    expect(lives.phases).toBe("new inactive, old starting");
  });

  test("let each other in when one has failed or ended", () => {
    for (const code of [0, 1]) {
      const lives = new Lives(
        makeUnit("old", { conflicts: ["new"], service: { restart: "no", type: "simple" } }),
        fresh,
      );
      lives.order("want-up", "old");
      lives.order("want-up", "new");
      lives.exit("old", code);
      expect(lives.phases).toBe(`new starting, old ${code === 0 ? "finished" : "failed"}`);
    }
  });

  test("keep each other out while the work of a oneshot stays done, until it is undone", () => {
    const service = { type: "oneshot", restart: "no", execStop: [["undo"]] } as const;
    const lives = new Lives(makeUnit("old", { conflicts: ["new"], service }), fresh);
    lives.order("want-up", "old");
    lives.exit("old", 0);
    lives.order("want-up", "new");
    expect(lives.phases).toBe("new inactive, old finished");
    lives.order("want-down", "old");
    expect(lives.phases).toBe("new inactive, old stopping");
    lives.exit("old", 0);
    expect(lives.phases).toBe("new starting, old inactive");
  });

  test("wait for the last instance", () => {
    const lives = new Lives(makeUnit("old", { conflicts: ["new"], service: { instances: 2 } }), fresh);
    lives.order("want-up", "old");
    lives.order("want-up", "new");
    lives.order("want-down", "old");
    lives.exit("old@1", 0);
    expect(lives.state("new").phase.tag).toBe("inactive");
    lives.exit("old@2", 0);
    expect(lives.state("new").phase.tag).toBe("starting");
  });
});
