import { describe, expect, test } from "bun:test";
import type { Service } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import { Life } from "./life.ts";
import { lifeAt } from "./stages.ts";

const extend = (life: Life, invocation: string, byMs: number): readonly string[] =>
  life.send({ tag: "extend", invocation, byMs });
const deadline = ({ state: { phase } }: Life): number => ("deadline" in phase ? phase.deadline : Number.NaN);
const brief: Partial<Service> = { runtimeMaxMs: 2_000 };

describe("runtime_max_sec", () => {
  test("ends a service that has served for so long, counted from READY", () => {
    const life = lifeAt("starting", brief);
    life.pass(5_000);
    life.ready("i1");
    expect(life.pass(1_999)).toEqual([]);
    expect(life.pass(1)).toEqual(["SIGTERM group i1", "running → stopping: has run for as long as it may (2 s)"]);
  });

  test.each([
    ["no", "failed"],
    ["on-success", "failed"],
    ["on-abort", "failed"],
    ["on-watchdog", "failed"],
    ["on-abnormal", "waiting"],
    ["on-failure", "waiting"],
    ["always", "waiting"],
  ] as const)(
    "with restart = %s leads to %s, as a failure for its own cause, however the process ends",
    (restart, phase) => {
      const life = lifeAt("running", { ...brief, restart });
      life.pass(2_000);
      life.exit("i1", 0);
      expect(life.state.phase.tag).toBe(phase);
      expect(life.state.cause).toEqual({ tag: "runtime-max", limitMs: 2_000 });
    },
  );

  test("left out is no limit", () => {
    const life = lifeAt("running");
    expect(life.pass(1_000_000_000)).toEqual([]);
  });

  test("of a new generation is its own", () => {
    const life = lifeAt("soaking", { ...brief, watchdogMs: 0 });
    life.pass(1_000);
    life.exit("i1", 0);
    expect(life.pass(999)).toEqual([]);
    expect(life.pass(1)).toContain("SIGTERM group i2");
  });

  test("that is over during a handover ends the old generation when that handover is rejected", () => {
    const life = lifeAt("replacing", brief);
    expect(life.pass(3_000)).toEqual([]);
    const lines = [...life.exit("i2", 1), ...life.pass(0)];
    expect(lines).toContain("replacing → running i1: exited with code 1 before it was ready");
    expect(lines).toContain("running → stopping: has run for as long as it may (2 s)");
  });
});

describe("EXTEND_TIMEOUT_USEC", () => {
  test("gives a start more time, and never less", () => {
    const life = lifeAt("starting", { timeoutStartMs: 500 });
    expect(extend(life, "i1", 100)).toEqual([]);
    expect(deadline(life)).toBe(500);
    life.pass(400);
    extend(life, "i1", 1_000);
    expect(life.pass(999)).toEqual([]);
    expect(life.pass(1)).toContain("starting → stopping: was not ready within 500 ms");
  });

  test("gives a service more time to run, only where that is limited", () => {
    const life = lifeAt("running", brief);
    extend(life, "i1", 9_000);
    expect(deadline(life)).toBe(life.now + 9_000);
    const unlimited = lifeAt("running");
    extend(unlimited, "i1", 9_000);
    expect(deadline(unlimited)).toBe(Number.POSITIVE_INFINITY);
  });

  test("gives a new generation more time to become ready, and the old one cannot", () => {
    const life = lifeAt("replacing", { timeoutStartMs: 500 });
    const before = deadline(life);
    extend(life, "i1", 9_000);
    expect(deadline(life)).toBe(before);
    extend(life, "i2", 9_000);
    expect(deadline(life)).toBe(life.now + 9_000);
  });

  test.each(["i1", "i2"])("does not make a soak longer (%s)", (invocation) => {
    const life = lifeAt("soaking");
    const before = deadline(life);
    extend(life, invocation, 9_000);
    expect(deadline(life)).toBe(before);
  });

  test("gives a stop more time, and a drain, each to the process that asks", () => {
    const life = lifeAt("running", { timeoutStopMs: 500 });
    life.stop();
    extend(life, "i1", 2_000);
    expect(life.pass(1_999)).toEqual([]);
    expect(life.pass(1)).toContain("SIGKILL group i1");
    const drain = lifeAt("soaking");
    drain.pass(1_000);
    extend(drain, "i1", 60_000);
    expect(drain.state.leaving[0]?.deadline).toBe(drain.now + 60_000);
  });

  test("is too late once SIGKILL was sent", () => {
    const life = lifeAt("running", { timeoutStopMs: 500 });
    life.stop();
    life.pass(500);
    const [before] = life.state.leaving;
    extend(life, "i1", 60_000);
    expect(life.state.leaving).toEqual([before as NonNullable<typeof before>]);
  });

  test("from nobody's process changes nothing", () => {
    const life = new Life(makeUnit("api"));
    const before = life.state;
    expect(extend(life, "ghost", 5)).toEqual([]);
    expect(life.state).toEqual(before);
  });
});
