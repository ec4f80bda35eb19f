import { describe, expect, test } from "bun:test";
import { isLimitHit, recentStarts } from "../../supervisor/core/start-limit.ts";
import type { Service } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import { lifeAt } from "./stages.ts";

const service = (startLimitBurst: number, startLimitIntervalMs: number): Service =>
  makeUnit("api", { service: { startLimitBurst, startLimitIntervalMs } }).service;

test("a start counts for as long as the interval, and no longer", () => {
  expect(recentStarts(service(5, 10_000), [1_000, 4_000], 12_000)).toEqual([4_000]);
  expect(recentStarts(service(5, 10_000), [1_000], 10_999)).toEqual([1_000]);
  expect(recentStarts(service(5, 10_000), [1_000], 11_000)).toEqual([]);
});

describe("the limit", () => {
  const rows: readonly (readonly [string, Service, readonly number[], boolean])[] = [
    ["allows as many starts as the burst says", service(3, 1_000), [100, 200], false],
    ["forbids one more", service(3, 1_000), [100, 200, 300], true],
    ["does not count old ones", service(3, 1_000), [-600, 200, 300], false],
    ["is none with a burst of 0", service(0, 1_000), [100, 200, 300], false],
    ["is none with an interval of 0", service(3, 0), [400, 400, 400], false],
  ];
  test.each(rows)("%s", (_, unit, starts, hit) => {
    expect(isLimitHit(unit, starts, 400)).toBe(hit);
  });
});

describe("a service that dies at once", () => {
  const limits = { restartMs: 100, startLimitBurst: 3, startLimitIntervalMs: 10_000 };

  test("is started as often as the burst says, then has failed for the last end", () => {
    const life = lifeAt("starting", limits);
    for (const invocation of ["i1", "i2"]) {
      life.exit(invocation, 1);
      life.pass(100);
    }
    expect(life.exit("i3", 1).at(-1)).toBe(
      "stopping → failed: gave up after 3 starts within 10 s: it exited with code 1 before it was ready",
    );
    expect(life.state.restarts).toBe(2);
    expect(life.state.cause).toMatchObject({
      tag: "start-limit",
      burst: 3,
      intervalMs: 10_000,
      last: { tag: "exited" },
    });
  });

  test("has all its starts again after an order", () => {
    const life = lifeAt("starting", limits);
    for (const invocation of ["i1", "i2"]) {
      life.exit(invocation, 1);
      life.pass(100);
    }
    life.exit("i3", 1);
    life.start();
    expect(life.state).toMatchObject({ starts: [life.now], streak: 0, restarts: 0, cause: null });
    expect(life.exit("i4", 1)).toContain("restart 1 in 100");
  });

  test("goes on for ever when its starts are further apart than the limit", () => {
    const life = lifeAt("starting", { ...limits, restartMs: 4_000 });
    for (let count = 1; count <= 8; count++) {
      expect(life.exit(`i${count}`, 1)).toContain(`restart ${count} in 4000`);
      life.pass(4_000);
    }
    expect(life.state.starts.length).toBeLessThanOrEqual(3);
  });
});
