import { describe, expect, test } from "bun:test";
import { retarget, trim } from "../../supervisor/core/scale.ts";
import { createWorld } from "../../supervisor/core/world.ts";
import { makeUnit } from "../support/units.ts";
import { Lives } from "./lives.ts";

const api = (instances = 2) => makeUnit("api", { service: { instances } });
const running = (count: number, unit = api(count)): Lives => {
  const lives = new Lives(unit);
  lives.order("want-up", "api");
  for (let index = 1; index <= count; index++) lives.say("ready", `api@${index}`);
  return lives;
};
const scale = (lives: Lives, count: number): readonly string[] => lives.post({ tag: "scale", unit: "api", count });
const isSignal = (text: string): boolean => text.includes(" SIG");

describe("more instances", () => {
  test("are started at once, each with the next number, and the others are left alone", () => {
    const lives = running(2);
    expect(scale(lives, 4)).toEqual([
      "api@3 spawn i3 g1",
      "api@3 inactive → starting i3",
      "api@4 spawn i4 g1",
      "api@4 inactive → starting i4",
    ]);
    expect(lives.phases).toBe("api@1 running, api@2 running, api@3 starting, api@4 starting");
  });

  test("of a unit that nobody wants up stay at rest", () => {
    const lives = new Lives(api());
    expect(scale(lives, 3)).toEqual([]);
    expect(lives.phases).toBe("api@1 inactive, api@2 inactive, api@3 inactive");
    lives.order("want-up", "api");
    expect(lives.phases).toBe("api@1 starting, api@2 starting, api@3 starting");
  });

  test("wait for what the unit requires", () => {
    const lives = new Lives(
      makeUnit("redis", { service: { restart: "no" } }),
      makeUnit("api", { requires: ["redis"] }),
    );
    lives.order("want-up", "redis", "api");
    scale(lives, 2);
    expect(lives.phases).toBe("api@1 inactive, api@2 inactive, redis starting");
    lives.say("ready", "redis");
    expect(lives.phases).toBe("api@1 starting, api@2 starting, redis running");
  });
});

describe("fewer instances", () => {
  test("stop from the last number on, and are forgotten when they are gone", () => {
    const lives = running(3);
    expect(scale(lives, 1).filter(isSignal)).toEqual(["api@2 SIGTERM group i2", "api@3 SIGTERM group i3"]);
    lives.exit("api@3", 0);
    expect(lives.phases).toBe("api@1 running, api@2 stopping");
    lives.exit("api@2", 0);
    expect(lives.phases).toBe("api running");
  });

  test("leave no gap: one that is gone keeps its number until those behind it are gone too", () => {
    const lives = running(3);
    scale(lives, 1);
    lives.exit("api@2", 0);
    expect(lives.phases).toBe("api@1 running, api@2 inactive, api@3 stopping");
    lives.exit("api@3", 0);
    expect(lives.phases).toBe("api running");
  });

  test("are gone also when they fail, hang or pause", () => {
    const lives = running(4, makeUnit("api", { service: { instances: 4, timeoutStopMs: 500, restartMs: 60_000 } }));
    lives.exit("api@3", 1);
    expect(lives.state("api@3").phase.tag).toBe("waiting");
    scale(lives, 1);
    lives.exit("api@4", 9);
    expect(lives.phases).toBe("api@1 running, api@2 stopping");
    lives.pass(500);
    lives.exit("api@2", "SIGKILL");
    expect(lives.phases).toBe("api running");
  });

  test("hear no wish to stay", () => {
    const lives = running(2);
    scale(lives, 1);
    lives.order("want-up", "api", "api@2");
    lives.order("want-restart", "api@2");
    lives.exit("api@2", 0);
    expect(lives.phases).toBe("api running");
  });

  test("take a handover that is on its way with them", () => {
    const lives = running(2);
    lives.order("want-reload", "api@2");
    expect(scale(lives, 1).filter(isSignal)).toEqual(["api@2 SIGTERM group i2", "api@2 SIGTERM group i3"]);
  });
});

describe("a change of mind", () => {
  test("keeps the instances that were about to go: they stop, then start again", () => {
    const lives = running(2);
    scale(lives, 1);
    scale(lives, 2);
    expect(lives.phases).toBe("api@1 running, api@2 stopping");
    lives.exit("api@2", 0);
    expect(lives.phases).toBe("api@1 running, api@2 starting");
  });

  test("to the number there is changes nothing", () => {
    const lives = running(2);
    expect(scale(lives, 2)).toEqual([]);
    expect(lives.phases).toBe("api@1 running, api@2 running");
  });

  test("about a unit that is not there changes nothing", () => {
    const lives = running(1);
    const before = lives.world;
    expect(lives.post({ tag: "scale", unit: "ghost", count: 3 })).toEqual([]);
    expect(lives.world).toBe(before);
  });
});

test("a new target adds what is missing and drops nobody; the trim drops who is at rest beyond it", () => {
  const world = createWorld([api()]);
  const instances = (of: typeof world) => of.units.get("api")?.instances.length;
  const wide = retarget(world, "api", 3);
  expect([instances(wide), wide.units.get("api")?.target]).toEqual([3, 3]);
  const narrow = retarget(wide, "api", 1);
  expect([instances(narrow), instances(trim(narrow))]).toEqual([3, 1]);
  expect(trim(world)).toBe(world);
});
