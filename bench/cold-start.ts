import type { Figure, Flags } from "./figure.ts";
import { median } from "./median.ts";
import { tenths } from "./quantile.ts";
import { present } from "./rivals/all.ts";
import { sleepers, withKept } from "./rivals/kept.ts";

/** From the command that starts the keeper to the last of its programs that says it is there, in turns. */
export const name = "cold-start";
export const flags = { rounds: 7 };

const SIZES = [10, 100];
const BOUND_MS = 60_000;

export async function run({ rounds }: Flags<typeof flags>): Promise<Figure> {
  const rows: (string | number)[][] = [];
  const contenders = present();
  for (const units of SIZES) {
    const taken = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const contender of contenders) {
        await withKept(contender, sleepers(units), async ({ rollCall, startedAtMs }) => {
          taken.get(contender.name)?.push((await rollCall.count(units, BOUND_MS)) - startedAtMs);
        });
      }
    }
    for (const [name, ms] of taken) {
      rows.push([name, units, median(ms), tenths(Math.min(...ms)), tenths(Math.max(...ms))]);
    }
  }
  return { columns: ["keeper", "units", "all there ms", "least ms", "most ms"], rows };
}
