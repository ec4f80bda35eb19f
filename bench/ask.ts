import type { Figure, Flags } from "./figure.ts";
import { median } from "./median.ts";
import { quantile, tenths } from "./quantile.ts";
import { present } from "./rivals/all.ts";
import { sleepers, withKept } from "./rivals/kept.ts";

/** How long somebody waits who asks for the state of a hundred programs: the whole command, from its start to its end. */
export const name = "ask";
export const flags = { rounds: 20, units: 100 };

const BOUND_MS = 60_000;

export async function run({ rounds, units }: Flags<typeof flags>): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const contender of present()) {
    await withKept(contender, sleepers(units), async ({ rollCall, order: { status }, timed }) => {
      if (!status) return;
      await rollCall.count(units, BOUND_MS);
      const taken: number[] = [];
      for (let round = 0; round < rounds; round++) taken.push(await timed(status));
      const command = status.map((word) => word.split("/").at(-1)).join(" ");
      rows.push([contender.name, units, median(taken), tenths(Math.min(...taken)), quantile(taken, 0.95), command]);
    });
  }
  return { columns: ["keeper", "units", "ms", "least ms", "p95 ms", "command"], rows };
}
