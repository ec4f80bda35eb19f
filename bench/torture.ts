import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withRoot } from "../test/support/root.ts";
import type { Figure, Flags } from "./figure.ts";
import { quantile } from "./quantile.ts";
import { type Outcome, ordeal } from "./torture/ordeal.ts";
import { unitFiles } from "./torture/world.ts";

/**
 * The supervisor is killed at random `--deaths N` times on each runtime, with everything to do, and started again at once; see
 * `torture/ordeal.ts`. `--seed N` draws the same moments again; 0 draws a seed. `--longestMs N`: how long one lives at the most once
 * it answers; every third dies within `--shortestMs N` from its start. `--inPlaceIn N`: one in so many is replaced in place instead.
 * Whatever is lost, doubled or left behind ends the bench with 1, at the first of it. The ledger of the deaths is a file of its own.
 */
export const name = "torture";
export const isLong = true;
export const flags = {
  deaths: 500,
  seed: 0,
  longestMs: 1500,
  shortestMs: 500,
  inPlaceIn: 4,
  connections: 8,
  thinkMs: 5,
};

export async function run(wanted: Flags<typeof flags>): Promise<Figure> {
  const seed = wanted.seed || 1 + Math.floor(Math.random() * 1e9);
  console.log(`torture: --seed ${seed}`);
  const rows: (string | number)[][] = [];
  for (const runtime of ["bun", "deno"] as const) {
    await withRoot({ runtime, units: unitFiles(runtime) }, async (root) => {
      const outcome = await ordeal(root, { ...wanted, runtime, seed });
      const place = join(tmpdir(), `torture-${seed}-${runtime}`);
      writeFileSync(`${place}.ndjson`, ledger(outcome));
      console.log(`${runtime}: each death stands in ${place}.ndjson`);
      if (outcome.surprises.length > 0) {
        process.exitCode = 1;
        for (const { atMs, text } of outcome.surprises) console.error(`${runtime}, ${atMs} ms: ${text}`);
        writeFileSync(`${place}.journal`, root.read("tmp/daemon.log"));
        console.error(`${runtime}: what the supervisors said stands in ${place}.journal`);
      }
      rows.push([runtime, ...counted(outcome)]);
    });
  }
  return { columns, rows };
}

/** One line for each death, with whatever was found until the next one. */
function ledger({ deaths, surprises }: Outcome): string {
  const lines = deaths.map((death, index) => {
    const untilMs = deaths[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
    const found = surprises.filter(({ atMs }) => atMs >= death.atMs && atMs < untilMs);
    return `${JSON.stringify({ ...death, found })}\n`;
  });
  return lines.join("");
}

const columns = [
  "daemon and services",
  "deaths",
  "in place",
  "within their beginning",
  "return p50 ms",
  "return max ms",
  "orders",
  "orders cut",
  "requests",
  "failed",
  "longest gap ms",
  "tasks",
  "tasks lost",
  "tasks doubled",
  "lines",
  "lines wrong",
  "starts repeated",
  "looks at all processes",
  "surprises",
];

function counted({ deaths, tally, tasks, printed, orders, samples, surprises }: Outcome): number[] {
  const returns = deaths.flatMap(({ returnMs }) => returnMs ?? []);
  const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
  return [
    deaths.length,
    deaths.filter(({ kind }) => kind === "replaced").length,
    deaths.length - returns.length,
    quantile(returns, 0.5),
    Math.max(...returns),
    orders.given,
    orders.cut,
    tally.requests,
    tally.failed,
    tally.longestGapMs,
    tasks.posted,
    tasks.lost,
    tasks.doubled,
    sum(printed.map(({ lines }) => lines)),
    sum(printed.map(({ faults }) => faults.length)),
    sum(printed.map(({ repeated }) => repeated)),
    samples,
    surprises.length,
  ];
}
