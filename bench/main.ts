import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { type Figure, figureText } from "./figure.ts";
import * as handover from "./handover.ts";
import * as output from "./output.ts";
import * as reload from "./reload.ts";
import * as scale from "./scale.ts";
import * as throughput from "./throughput.ts";

/**
 * Runs every bench file, or those that are named: `bun bench/main.ts [handover …]`.
 * Prints a table for each and writes it to `docs/results/NAME.json`, with the machine that it holds for.
 * A bench file exports `name` and `run`, and stands in the list below.
 */

type Bench = Readonly<{ name: string; run: () => Promise<Figure> }>;

/** What the machine had to do besides; above the number of its processors, figures tell little. */
const [loadBefore = 0] = loadavg();

const all: readonly Bench[] = [handover, output, reload, scale, throughput];
const results = fileURLToPath(new URL("../docs/results/", import.meta.url));

const wanted = process.argv.slice(2);
const benches = all.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const unknown = wanted.filter((name) => !benches.some((bench) => bench.name === name));
if (unknown.length > 0) {
  console.error(`bench: no such bench: ${unknown.join(", ")}`);
  process.exit(2);
}
mkdirSync(results, { recursive: true });
for (const { name, run } of benches) {
  const figure = await run();
  console.log(`\n${name}\n\n${figureText(figure)}`);
  writeFileSync(
    `${results}${name}.json`,
    `${JSON.stringify({ name, ...circumstances(), rows: named(figure) }, null, 2)}\n`,
  );
}

/** Each row with the names of its columns: readable without the table. */
function named({ columns, rows }: Figure): readonly Readonly<Record<string, unknown>>[] {
  return rows.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at]])));
}

function circumstances(): Readonly<Record<string, unknown>> {
  return {
    measured_at: new Date().toISOString(),
    machine: {
      cpus: cpus().length,
      model: cpus()[0]?.model ?? "unknown",
      memory_bytes: totalmem(),
      kernel: release(),
      load_before: Math.round(loadBefore * 100) / 100,
    },
  };
}
