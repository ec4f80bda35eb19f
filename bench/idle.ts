import { setTimeout as pause } from "node:timers/promises";
import type { Figure, Flags } from "./figure.ts";
import { type Cost, costOf, spentBetween } from "./processes.ts";
import { present } from "./rivals/all.ts";
import { sleepers, withKept } from "./rivals/kept.ts";

/**
 * What a keeper takes when nothing happens, all its processes together: private memory (RssAnon), shared memory in parts (PSS),
 * and over a window what it runs and how often it is woken.
 */
export const name = "idle";
export const flags = { "settle-s": 33, "window-s": 10 };

const SIZES = [10, 500];
const BOUND_MS = 60_000;

export async function run(wanted: Flags<typeof flags>): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const contender of present()) {
    const memory: [units: number, anonKb: number][] = [];
    for (const units of SIZES) {
      await withKept(contender, sleepers(units), async ({ rollCall, keepers }) => {
        await rollCall.count(units, BOUND_MS);
        await pause(wanted["settle-s"] * 1000);
        const pids = keepers();
        const before = costOf(pids);
        await pause(wanted["window-s"] * 1000);
        const after = costOf(pids);
        memory.push([units, after.anonKb]);
        rows.push([contender.name, units, pids.length, ...perSecond(before, after, wanted["window-s"])]);
      });
    }
    rows.push([contender.name, "each", "", "", Math.round(slope(memory) * 10) / 10, "", ""]);
  }
  return { columns: ["keeper", "units", "processes", "PSS KiB", "RssAnon KiB", "CPU ms/s", "switches/s"], rows };
}

function perSecond(before: Cost, after: Cost, seconds: number): readonly number[] {
  const hundredths = (value: number) => Math.round(value * 100) / 100;
  const { runMs, switches } = spentBetween(before, after);
  return [after.pssKb, after.anonKb, hundredths(runMs / seconds), hundredths(switches / seconds)];
}

/** What one unit more takes: from the fewest to the most. */
function slope(points: readonly (readonly [number, number])[]): number {
  const [from, to] = [points[0], points.at(-1)];
  return from && to && to[0] !== from[0] ? (to[1] - from[1]) / (to[0] - from[0]) : 0;
}
