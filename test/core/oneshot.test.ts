import { describe, expect, test } from "bun:test";
import type { Service } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import { Life } from "./life.ts";
import { Lives } from "./lives.ts";

const oneshot = (service: Partial<Service> = {}) =>
  makeUnit("job", {
    service: { type: "oneshot", restart: "no", timeoutStartMs: Number.POSITIVE_INFINITY, ...service },
  });
const working = (service: Partial<Service> = {}): Life => {
  const life = new Life(oneshot(service));
  life.start();
  life.spawned("i1", 5);
  return life;
};

describe("a oneshot", () => {
  test("starts for as long as its work takes, and is done when it ends well", () => {
    const life = working();
    expect(life.pass(86_400_000)).toEqual([]);
    expect(life.state.phase.tag).toBe("starting");
    expect(life.exit("i1", 0)).toEqual([
      "exited i1 g1: exited with code 0",
      "starting → stopping: exited with code 0",
      "stopping → finished: exited with code 0",
    ]);
    expect(life.state.phase).toEqual({ tag: "finished", holds: true });
  });

  test("is not done by READY, whatever it says", () => {
    const life = working();
    expect(life.ready("i1")).toEqual([]);
    expect(life.state.phase.tag).toBe("starting");
  });

  test("that ends badly has failed, and holds nothing", () => {
    const life = working();
    life.exit("i1", 3);
    expect(life.state.phase).toEqual({ tag: "failed" });
  });

  test("that ends badly is tried again where its policy says so", () => {
    const life = working({ restart: "on-failure" });
    life.exit("i1", 3);
    life.pass(100);
    life.spawned("i2", 6);
    life.exit("i2", 0);
    expect(life.state).toMatchObject({ phase: { tag: "finished", holds: true }, restarts: 1 });
  });

  test("that takes longer than timeout_start_sec is ended, and has failed", () => {
    const life = working({ timeoutStartMs: 500 });
    expect(life.pass(500)).toContain("starting → stopping: was not ready within 500 ms");
    life.exit("i1", 0);
    expect(life.state.phase.tag).toBe("failed");
  });

  test("that is stopped while it works holds nothing", () => {
    const life = working();
    life.stop();
    life.exit("i1", 0);
    expect(life.state.phase.tag).toBe("inactive");
  });
});

describe("a oneshot whose work is done", () => {
  const done = (): Life => {
    const life = working();
    life.exit("i1", 0);
    return life;
  };

  test("is not done again by a start", () => {
    const life = done();
    expect(life.send({ tag: "want-up" })).toEqual([]);
    expect(life.state).toMatchObject({ wanted: "up", phase: { tag: "finished", holds: true } });
  });

  test("is done again by a restart", () => {
    const life = done();
    expect(life.send({ tag: "want-restart" })).toEqual(["finished → inactive: was stopped"]);
    expect(life.send({ tag: "launch" })).toEqual(["spawn i2 g1", "inactive → starting i2"]);
    expect(life.state.cause).toBeNull();
  });

  test("is undone by a stop, at once, and done anew by the next start", () => {
    const life = done();
    expect(life.send({ tag: "want-down" })).toEqual(["finished → inactive: was stopped"]);
    expect(life.start()).toEqual(["spawn i2 g1", "inactive → starting i2"]);
  });

  test("outlives a reset-failed", () => {
    const life = done();
    expect(life.send({ tag: "reset-failed" })).toEqual([]);
    expect(life.state.phase).toEqual({ tag: "finished", holds: true });
  });
});

test("a service of another type that ended well holds nothing: a start starts it", () => {
  const life = new Life(makeUnit("job", { service: { type: "simple", restart: "no" } }));
  life.start();
  life.spawned("i1", 5);
  life.exit("i1", 0);
  expect(life.state.phase).toEqual({ tag: "finished", holds: false });
  expect(life.send({ tag: "want-up" })).toEqual(["finished → inactive"]);
});

describe("those behind a oneshot", () => {
  const behind = (): Lives => {
    const lives = new Lives(oneshot(), makeUnit("api", { requires: ["job"] }));
    lives.order("want-up", "job", "api");
    lives.say("spawned", "job");
    return lives;
  };

  test("start when its work is done, not when it has begun or says READY", () => {
    const lives = behind();
    lives.say("ready", "job");
    expect(lives.phases).toBe("api inactive, job starting");
    lives.exit("job", 0);
    expect(lives.phases).toBe("api starting, job finished");
  });

  test("do not start when it fails", () => {
    const lives = behind();
    lives.exit("job", 1);
    expect(lives.phases).toBe("api inactive, job failed");
  });
});
