import { describe, expect, test } from "bun:test";
import { restartDelayMs } from "../../supervisor/core/backoff.ts";
import type { Service } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";

const service = (restartMs: number, restartSteps: number, restartMaxDelayMs: number): Service =>
  makeUnit("api", { service: { restartMs, restartSteps, restartMaxDelayMs } }).service;

const streaks = [0, 1, 2, 3, 4, 5, 1_000];

describe("the pause before a restart", () => {
  const rows: readonly (readonly [string, Service, readonly number[]])[] = [
    ["is restart_sec without steps", service(100, 0, 1_600), [100, 100, 100, 100, 100, 100, 100]],
    ["grows in the given steps up to its cap", service(100, 4, 1_600), [100, 200, 400, 800, 1600, 1600, 1600]],
    ["takes one step to its cap", service(100, 1, 1_600), [100, 1600, 1600, 1600, 1600, 1600, 1600]],
    ["stays when the cap is no higher than it", service(100, 4, 100), [100, 100, 100, 100, 100, 100, 100]],
    ["stays when the cap is lower", service(500, 4, 100), [500, 500, 500, 500, 500, 500, 500]],
    [
      "grows from one millisecond when restart_sec is 0",
      service(0, 4, 10_000),
      [1, 10, 100, 1000, 10000, 10000, 10000],
    ],
  ];
  test.each(rows)("%s", (_, unit, delays) => {
    expect(streaks.map((streak) => restartDelayMs(unit, streak, 0))).toEqual([...delays]);
  });

  test("is shortened by jitter, by a quarter at most", () => {
    const unit = service(100, 4, 1_600);
    expect(restartDelayMs(unit, 2, 0.5)).toBe(350);
    for (const streak of streaks) {
      const full = restartDelayMs(unit, streak, 0);
      const least = restartDelayMs(unit, streak, 0.999_999);
      expect(least).toBeGreaterThanOrEqual(full * 0.75);
      expect(least).toBeLessThanOrEqual(full * 0.76);
    }
  });

  test("has no jitter where nothing grows: restart_sec stands as it is written", () => {
    expect(restartDelayMs(service(100, 0, 1_600), 3, 0.9)).toBe(100);
    expect(restartDelayMs(service(100, 4, 100), 3, 0.9)).toBe(100);
  });
});
