import { expect, test } from "bun:test";
import { createAlarms } from "../../services/kit/alarms.ts";
import { within } from "../support/within.ts";

const BOUND_MS = 20_000;

test("an alarm rings once its time is over, whether it is near or far, and one that was taken back never does", async () => {
  const alarms = createAlarms();
  const rung: string[] = [];
  const beganMs = performance.now();
  const ring = (name: string, afterMs: number) =>
    new Promise<number>((resolve) => {
      alarms.set(afterMs, () => {
        rung.push(name);
        resolve(performance.now() - beganMs);
      });
    });
  const takenBack = [900, 1_000].map((afterMs) => alarms.set(afterMs, () => rung.push("taken back")));
  const near = ring("near", 10);
  const far = ring("far", 1_050);
  const farther = ring("farther", 1_300);
  for (const take of takenBack) take();
  expect(await within(near, BOUND_MS, "the near one")).toBeGreaterThanOrEqual(9);
  expect(await within(far, BOUND_MS, "the far one")).toBeGreaterThanOrEqual(1_049);
  expect(await within(farther, BOUND_MS, "the last one")).toBeGreaterThanOrEqual(1_299);
  expect(rung).toEqual(["near", "far", "farther"]);
});
