import { expect, test } from "bun:test";
import type { World } from "../../supervisor/core/world.ts";
import { difference } from "../../supervisor/daemon/difference.ts";
import { createResting } from "../../supervisor/daemon/resting.ts";
import { Lives } from "../core/lives.ts";
import { makeUnit } from "../support/units.ts";

const api = makeUnit("api", { service: { restart: "on-failure" } });

/** Hears of every turn, and says what was let go of since it was asked last. */
function watch() {
  const log: string[] = [];
  const resting = createResting(
    { forget: (keeper) => log.push(`forget ${keeper}`) },
    { rest: (unit) => log.push(`rest ${unit}`) },
  );
  let seen: World["units"] = new Map();
  return ({ units }: World): readonly string[] => {
    resting.turned(difference(seen, units));
    seen = units;
    return log.splice(0);
  };
}

const released = ["forget api@1", "rest api"];

test("what is kept for a unit is kept while it is restarted, and let go of when it was stopped", () => {
  const lives = new Lives(api);
  const turned = watch();
  lives.order("want-up", "api");
  lives.say("ready", "api");
  turned(lives.world);
  lives.exit("api", 1);
  expect([lives.phases, turned(lives.world)]).toEqual(["api waiting", []]);
  lives.order("want-down", "api");
  expect(turned(lives.world)).toEqual(released);
});

test("a unit that ended by itself, or has failed, rests", () => {
  const lives = new Lives(api);
  const turned = watch();
  lives.order("want-up", "api");
  lives.say("ready", "api");
  turned(lives.world);
  lives.exit("api", 0);
  expect([lives.phases, turned(lives.world)]).toEqual(["api finished", released]);
});

test("also one whose start failed in the very turn that it was ordered in", () => {
  const lives = new Lives(makeUnit("api", { service: { restart: "no" } }));
  const turned = watch();
  turned(lives.world);
  lives.order("want-up", "api");
  const invocation = lives.newest("api");
  lives.tell({ tag: "spawn-failed", invocation, stage: "exec", code: "ENOENT", message: "no" });
  expect([lives.phases, turned(lives.world)]).toEqual(["api failed", released]);
});

test("one that waits for what it needs, and is stopped or loses its file meanwhile, rests", () => {
  const redis = makeUnit("redis", { service: { restart: "no" } });
  const needy = makeUnit("api", { requires: ["redis"] });
  const lives = new Lives(needy, redis);
  const turned = watch();
  lives.order("want-up", "redis", "api");
  lives.say("ready", "redis", "api");
  lives.exit("redis", 1);
  lives.order("want-restart", "api");
  lives.exit("api", "SIGTERM");
  turned(lives.world);
  expect(lives.phases).toBe("api inactive, redis failed");
  lives.order("want-down", "api");
  expect(turned(lives.world)).toEqual(released);
});
