import { setTimeout as pause } from "node:timers/promises";
import type { Figure, Flags } from "./figure.ts";
import { median } from "./median.ts";
import { quantile, tenths } from "./quantile.ts";
import { present } from "./rivals/all.ts";
import type { Contender } from "./rivals/contender.ts";
import { sleepers, withKept } from "./rivals/kept.ts";

/**
 * How long a killed program is gone: from SIGKILL to the first line that the next process says, and the same for one that is killed
 * again as soon as it is there. The shell that says it needs a millisecond of its own; a shell loop tells how much that is.
 */
export const name = "respawn";
export const flags = { rounds: 15 };

const BOUND_MS = 30_000;
/** As long as the slowest of them waits between two starts: so that the first death of a round meets none of these pauses. */
const REST_MS = 1_500;

export async function run({ rounds }: Flags<typeof flags>): Promise<Figure> {
  const rows: (string | number)[][] = [];
  for (const contender of present()) {
    const { first, second } = await measure(contender, rounds);
    rows.push([
      contender.name,
      median(first),
      tenths(Math.min(...first)),
      quantile(first, 0.95),
      median(second),
      quantile(second, 0.95),
      contender.pause,
    ]);
  }
  const columns = ["keeper", "back ms", "least ms", "p95 ms", "killed again: back ms", "p95 ms again", "its pause"];
  return { columns, rows };
}

async function measure(contender: Contender, rounds: number) {
  const [first, second]: [number[], number[]] = [[], []];
  await withKept(contender, sleepers(1), async ({ rollCall }) => {
    let answered = 1;
    await rollCall.count(answered, BOUND_MS);
    const kill = async (): Promise<number> => {
      const killedAtMs = performance.now();
      process.kill(rollCall.pid(answered), "SIGKILL");
      return (await rollCall.count(++answered, BOUND_MS)) - killedAtMs;
    };
    for (let round = 0; round < rounds; round++) {
      await pause(REST_MS);
      first.push(await kill());
      second.push(await kill());
    }
  });
  return { first, second };
}
