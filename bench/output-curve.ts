import type { Figure, Flags } from "./figure.ts";
import { median } from "./median.ts";
import { costOf } from "./processes.ts";
import { withKept } from "./rivals/kept.ts";
import { arrived, LINE_BYTES, printers } from "./rivals/printers.ts";
import { fromSource } from "./rivals/supervisor.ts";

/** The same many lines from one unit, from 10 and from 100 at once: how fast they are in files, and what of the CPU that takes. */
export const name = "output-curve";
export const flags = { megabytes: 400, rounds: 3 };

const SIZES = [1, 10, 100];
const LINES_AT_ONCE = 40;
const BOUND_MS = 120_000;

type Round = Readonly<{ perSecond: number; cpuPerGb: number; lost: number }>;

export async function run({ megabytes, rounds }: Flags<typeof flags>): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const runtime of ["bun", "deno"] as const) {
    for (const units of SIZES) {
      const taken: Round[] = [];
      for (let round = 0; round < rounds; round++) taken.push(await measure(runtime, units, megabytes));
      const rate = Math.round(median(taken.map(({ perSecond }) => perSecond)));
      const lost = taken.reduce((sum, round) => sum + round.lost, 0);
      rows.push([runtime, units, rate, median(taken.map(({ cpuPerGb }) => cpuPerGb)), lost]);
    }
  }
  return { columns: ["runtime", "noisy units", "MB/s", "CPU s/GB", "lines lost"], rows };
}

async function measure(runtime: "bun" | "deno", units: number, megabytes: number): Promise<Round> {
  const each = Math.floor((megabytes * 1e6) / units / LINE_BYTES / LINES_AT_ONCE) * LINES_AT_ONCE * LINE_BYTES;
  const programs = printers(units, each, LINES_AT_ONCE);
  let round: Round | undefined;
  await withKept(fromSource(runtime), programs, async ({ folder, order, rollCall, keepers }) => {
    const startedAtMs = await rollCall.count(1, BOUND_MS);
    const before = costOf(keepers());
    const { bytes, atMs } = await arrived(folder, order, each * units, BOUND_MS);
    round = {
      perSecond: bytes / 1e6 / ((atMs - startedAtMs) / 1000),
      cpuPerGb: (costOf(keepers()).runMs - before.runMs) / 1e3 / (bytes / 1e9),
      lost: Math.round((each * units - bytes) / LINE_BYTES),
    };
  });
  if (!round) throw new Error("nothing was measured");
  return round;
}
