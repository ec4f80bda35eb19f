import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createClock } from "../../../supervisor/host/clock.ts";
import type { Case } from "../../support/case.ts";
import { within } from "../../support/within.ts";

export const clockCases: readonly Case[] = [
  {
    promise: "B27: now is the machine's monotonic clock in milliseconds",
    run: async () => {
      const uptimeMs = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1000;
      const now = createClock().now();
      assert.ok(Math.abs(now - uptimeMs) < 1000, `${now} against an uptime of ${uptimeMs}`);
    },
  },
  {
    promise: "a call rings once, never early, and a later one replaces it",
    run: async () => {
      const clock = createClock();
      const rung: string[] = [];
      const at = clock.now() + 20;
      clock.wakeAt(clock.now() + 5, () => rung.push("replaced"));
      clock.wakeAt(clock.now() + 5, () => rung.push("taken back"));
      clock.wakeAt(null, () => rung.push("none"));
      await new Promise<void>((resolve) => {
        clock.wakeAt(at, () => {
          rung.push("due");
          resolve();
        });
      });
      assert.ok(clock.now() >= at);
      assert.deepEqual(rung, ["due"]);
    },
  },
  {
    promise: "a far or infinite instant does not ring now",
    run: async () => {
      const clock = createClock();
      const marker = createClock();
      const rung: string[] = [];
      for (const far of [clock.now() + 2 ** 40, Number.POSITIVE_INFINITY]) {
        clock.wakeAt(far, () => rung.push("far"));
        await new Promise<void>((resolve) => marker.wakeAt(marker.now() + 20, resolve));
      }
      clock.wakeAt(null, () => undefined);
      assert.deepEqual(rung, []);
    },
  },
  {
    promise: "B27: whatever the wall clock is set to, now goes on and a call rings when it is due",
    run: async () => {
      for (const jumpMs of [DAY_MS, -DAY_MS]) {
        const clock = createClock();
        const before = { now: clock.now(), wall: clock.wall().getTime() };
        const rung = Promise.withResolvers<number>();
        clock.wakeAt(before.now + SPAN_MS, () => rung.resolve(clock.now() - before.now));
        await withWallMoved(jumpMs, async () => {
          const movedMs = clock.wall().getTime() - before.wall;
          assert.ok(Math.abs(movedMs - jumpMs) < LATE_MS, `the wall clock moved by ${movedMs} ms`);
          assert.ok(clock.now() - before.now < LATE_MS);
          const tookMs = await within(rung.promise, LATE_MS, "the call");
          assert.ok(tookMs >= SPAN_MS, `it rang after ${tookMs} ms`);
        });
      }
    },
  },
];

const DAY_MS = 86_400_000;
const SPAN_MS = 60;
const LATE_MS = 5_000;

/** Sets the clock that `Date` tells, for whoever asks it meanwhile. */
async function withWallMoved(byMs: number, act: () => Promise<void>): Promise<void> {
  const Real = globalThis.Date;
  const now = () => Real.now() + byMs;
  globalThis.Date = class extends Real {
    constructor(...args: readonly unknown[]) {
      super(...((args.length === 0 ? [now()] : args) as [number]));
    }
    static override now = now;
  } as DateConstructor;
  try {
    await act();
  } finally {
    globalThis.Date = Real;
  }
}
