import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createClock } from "../../../supervisor/host/clock.ts";
import type { Case } from "../../support/case.ts";

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
];
