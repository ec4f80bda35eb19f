import { describe, expect, test } from "bun:test";
import { makeUnit } from "../support/units.ts";
import { Life } from "./life.ts";
import { lifeAt } from "./stages.ts";

test("the first process is generation 1, with the time to become ready that the unit says", () => {
  const life = new Life(makeUnit("api", { service: { timeoutStartMs: 700 } }));
  expect(life.start()).toEqual(["spawn i1 g1", "inactive → starting i1"]);
  expect(life.state).toMatchObject({ generation: 1, starts: [0], phase: { deadline: 700, heir: null } });
});

test("READY is told with the time it took, and ends the trouble before it", () => {
  const life = lifeAt("waiting");
  life.pass(100);
  expect(life.state.cause).not.toBeNull();
  life.now += 33;
  expect(life.ready("i2")).toEqual(["ready i2 g1 after 33", "starting → running i2"]);
  expect(life.state).toMatchObject({ cause: null, restarts: 1 });
});

describe("an end by itself", () => {
  const rows = [
    ["in failure, with a policy that tries again", "on-failure", 1, "waiting"],
    ["in failure, with a policy that gives up", "no", 1, "failed"],
    ["in success, with a policy that rests", "on-failure", 0, "finished"],
    ["in success, with a policy that tries again", "always", 0, "waiting"],
  ] as const;
  test.each(rows)("%s", (_, restart, code, phase) => {
    const life = lifeAt("running", { restart });
    life.exit("i1", code);
    expect(life.state.phase.tag).toBe(phase);
    expect(life.state.cause).toMatchObject({ tag: "exited", exit: { code } });
  });

  test("of a unit that is to stop is not followed by a start", () => {
    const life = lifeAt("running");
    life.send({ tag: "want-down" });
    life.exit("i1", 1);
    expect(life.state.phase.tag).toBe("failed");
  });
});

describe("the backoff", () => {
  const steps = { restartMs: 100, restartSteps: 4, restartMaxDelayMs: 1_600, startLimitBurst: 0 };
  const dieTwice = (): Life => {
    const life = lifeAt("running", steps);
    life.exit("i1", 1);
    life.pass(100);
    life.ready("i2");
    return life;
  };

  test("grows with each restart in a row", () => {
    expect(dieTwice().exit("i2", 1)).toContain("restart 2 in 200");
  });

  test("uses the dice of the turn", () => {
    const life = dieTwice();
    life.roll = 0.5;
    expect(life.exit("i2", 1)).toContain("restart 2 in 175");
  });

  test("begins anew after a life as long as the longest pause", () => {
    const life = dieTwice();
    life.now += 1_600;
    expect(life.exit("i2", 1)).toContain("restart 1 in 100");
  });

  test("goes on after a shorter one", () => {
    const life = dieTwice();
    life.now += 1_599;
    expect(life.exit("i2", 1)).toContain("restart 2 in 200");
  });

  test("begins anew with an order", () => {
    const life = dieTwice();
    life.exit("i2", 1);
    life.start();
    expect(life.exit("i3", 1)).toContain("restart 1 in 100");
  });
});
