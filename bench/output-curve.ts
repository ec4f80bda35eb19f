import type { Figure, Flags } from "./figure.ts";
import { median } from "./median.ts";
import { type Printed, print } from "./rivals/printers.ts";
import { fromSource } from "./rivals/supervisor.ts";

/** The same many lines from one unit, from 10 and from 100 at once: how fast they are in files, and what of the CPU that takes. */
export const name = "output-curve";
export const flags = { megabytes: 400, rounds: 3 };

const SIZES = [1, 10, 100];
const LINES_AT_ONCE = 40;

export async function run({ megabytes, rounds }: Flags<typeof flags>): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const runtime of ["bun", "deno"] as const) {
    for (const units of SIZES) {
      const taken: Printed[] = [];
      for (let round = 0; round < rounds; round++)
        taken.push(await print(fromSource(runtime), { units, megabytes, linesAtOnce: LINES_AT_ONCE }));
      const rate = Math.round(median(taken.map(({ perSecond }) => perSecond)));
      const lost = taken.reduce((sum, round) => sum + round.lost, 0);
      rows.push([runtime, units, rate, median(taken.map(({ cpuPerGb }) => cpuPerGb)), lost]);
    }
  }
  return { columns: ["runtime", "noisy units", "MB/s", "CPU s/GB", "lines lost"], rows };
}
