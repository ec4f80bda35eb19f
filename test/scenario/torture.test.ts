import { expect, test } from "bun:test";
import { ordeal } from "../../bench/torture/ordeal.ts";
import { unitFiles } from "../../bench/torture/world.ts";
import { type Root, withRoot } from "../support/root.ts";

const DEATHS = 10;
const SETTINGS = { deaths: DEATHS, longestMs: 700, shortestMs: 400, inPlaceIn: 4, connections: 4, thinkMs: 10 };
const PROMISE = `B10: over ${DEATHS} deaths of the supervisor at random no request, task, line or process is lost or doubled`;

for (const runtime of ["bun", "deno"] as const) {
  test(`${PROMISE}: ${runtime}`, async () => {
    const seed = 1 + Math.floor(Math.random() * 1e9);
    const endure = async (root: Root) => {
      const { surprises, deaths, tally, tasks, printed, orders } = await ordeal(root, { ...SETTINGS, runtime, seed });
      expect(surprises).toEqual([]);
      expect(deaths).toHaveLength(DEATHS);
      // There was something to lose.
      for (const { lines } of printed) expect(lines).toBeGreaterThan(100);
      expect(tally.requests).toBeGreaterThan(100);
      expect(Math.min(tasks.posted, orders.given)).toBeGreaterThan(10);
    };
    await withRoot({ runtime, units: unitFiles(runtime) }, endure).catch((error: unknown) => {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`);
    });
  }, 240_000);
}
