import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { within } from "../test/support/within.ts";
import { asked, hearEvents } from "./asked.ts";
import type { Figure, Flags } from "./figure.ts";
import { median } from "./median.ts";
import { costOf } from "./processes.ts";
import { tenths } from "./quantile.ts";
import { type Kept, sleepers, withKept } from "./rivals/kept.ts";
import { fromSource } from "./rivals/supervisor.ts";

/**
 * How cost grows with the number of units: the start until all are there, the state of all, what a reload of the files would do after
 * one of them has changed, private memory at rest, and how soon a death is told. `growth`: the exponent from the second size to
 * the last; 1 is linear.
 */
export const name = "units-curve";
export const flags = { times: 10, most: 2000 };

const SIZES = [10, 100, 500, 2000];
const BOUND_MS = 120_000;
/** Memory is given back after five seconds of calm. */
const REST_MS = 10_000;
const columns = ["runtime", "units", "start ms", "status ms", "plan ms", "RssAnon MB", "death told ms"];

export async function run({ times, most }: Flags<typeof flags>): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const runtime of ["bun", "deno"] as const) {
    const points: number[][] = [];
    for (const units of SIZES.filter((size) => size <= most)) {
      await withKept(fromSource(runtime), sleepers(units), async (kept) => {
        points.push([units, ...(await measure(kept, units, times))]);
      });
    }
    rows.push(...points.map((point) => [runtime, ...point]), [runtime, "growth", ...growth(points)]);
  }
  return { columns, rows };
}

async function measure({ folder, rollCall, startedAtMs, keepers }: Kept, units: number, times: number) {
  const startMs = (await rollCall.count(units, BOUND_MS)) - startedAtMs;
  await pause(REST_MS);
  const { anonKb } = costOf(keepers());
  const control = join(folder, ".supervisor", "control.sock");
  const [status, plan, told]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < times; round++) status.push(await asked(control, "/v1/status"));
  for (let round = 0; round < times; round++) {
    appendFileSync(join(folder, "units", "u0000.toml"), `# ${round}\n`);
    plan.push(await asked(control, "/v1/config/diff"));
  }
  for (let round = 0; round < times; round++) {
    told.push(await deathTold(control, rollCall.pid(units + round)));
    await rollCall.count(units + round + 1, BOUND_MS);
  }
  return [tenths(startMs), median(status), median(plan), tenths(anonKb / 1024), median(told)];
}

/** From SIGKILL to the event that tells of it. */
async function deathTold(control: string, pid: number): Promise<number> {
  const heard = Promise.withResolvers<number>();
  const events = await hearEvents(control, (text) => {
    if (text.includes("service.exited")) heard.resolve(performance.now());
  });
  const killedAtMs = performance.now();
  process.kill(pid, "SIGKILL");
  const toldAtMs = await within(heard.promise, BOUND_MS, "the death is told");
  events.close();
  return toldAtMs - killedAtMs;
}

/** The exponent of each column: what it is multiplied by when the units are. */
function growth(points: readonly (readonly number[])[]): readonly number[] {
  const [from, to] = [points[1], points.at(-1)];
  if (!from || !to || from === to) return [];
  const times = Math.log((to[0] ?? 1) / (from[0] ?? 1));
  return to.slice(1).map((value, at) => Math.round((Math.log(value / (from[at + 1] ?? 1)) / times) * 100) / 100);
}
