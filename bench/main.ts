import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { parseArgs } from "node:util";
import manifest from "../package.json" with { type: "json" };
import * as ask from "./ask.ts";
import * as coldStart from "./cold-start.ts";
import * as connectionsCurve from "./connections-curve.ts";
import * as fair from "./fair.ts";
import { type Figure, type Flags, figureText } from "./figure.ts";
import * as handover from "./handover.ts";
import * as idle from "./idle.ts";
import * as idleCurve from "./idle-curve.ts";
import * as logLines from "./log-lines.ts";
import * as newcomers from "./newcomers.ts";
import * as output from "./output.ts";
import * as outputCurve from "./output-curve.ts";
import * as overlap from "./overlap.ts";
import * as package_ from "./package.ts";
import { publish } from "./publish/readme.ts";
import { resultsFolder } from "./publish/results.ts";
import * as queue from "./queue.ts";
import * as queueDepth from "./queue-depth.ts";
import * as reload from "./reload.ts";
import * as respawn from "./respawn.ts";
import * as rollback from "./rollback.ts";
import * as scale from "./scale.ts";
import * as shedding from "./shedding.ts";
import * as soak from "./soak.ts";
import * as tail from "./tail.ts";
import * as tenThousand from "./ten-thousand.ts";
import * as thousand from "./thousand.ts";
import * as throughput from "./throughput.ts";
import * as torture from "./torture.ts";
import * as unitsCurve from "./units-curve.ts";

/**
 * Runs every bench file that takes minutes at most, or those that are named: `bun bench/main.ts [handover …]`.
 * Prints a table for each and writes it to `docs/results/NAME.json`, with the machine that it holds for, and the table of README.md
 * from all of them; with `--dry` it only prints.
 * A bench file exports `name` and `run`, and stands in the list below. Its `flags` are what it lets itself be told, with
 * what holds otherwise: `bun bench/main.ts soak --minutes 1`.
 */

type Bench = Readonly<{
  name: string;
  flags?: Flags;
  /** Only when it is named. */
  isLong?: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: each knows the names of its own flags.
  run: (flags: any) => Promise<Figure>;
}>;

/** What the machine had to do besides; above the number of its processors, figures tell little. */
const [loadBefore = 0] = loadavg();

const all: readonly Bench[] = [
  ask,
  coldStart,
  connectionsCurve,
  fair,
  handover,
  idle,
  idleCurve,
  logLines,
  newcomers,
  output,
  outputCurve,
  overlap,
  package_,
  queue,
  queueDepth,
  reload,
  respawn,
  rollback,
  scale,
  shedding,
  soak,
  tail,
  tenThousand,
  thousand,
  throughput,
  torture,
  unitsCurve,
];

const { values, positionals } = readArguments();
const benches = all.filter(({ name, isLong }) => (positionals.length === 0 ? !isLong : positionals.includes(name)));
const unknown = positionals.filter((name) => !benches.some((bench) => bench.name === name));
if (unknown.length > 0) {
  console.error(`bench: no such bench: ${unknown.join(", ")}; there is: ${all.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}
mkdirSync(resultsFolder, { recursive: true });
for (const { name, run, flags = {} } of benches) {
  const held = Object.fromEntries(Object.entries(flags).map(([flag, otherwise]) => [flag, numberOf(flag, otherwise)]));
  const figure = await run(held);
  console.log(`\n${name}\n\n${figureText(figure)}`);
  if (values.dry) continue;
  const arguments_ = Object.keys(held).length > 0 ? { flags: held } : {};
  const text = JSON.stringify({ name, ...circumstances(name), ...arguments_, rows: named(figure) }, null, 2);
  writeFileSync(`${resultsFolder}${name}.json`, `${text}\n`);
  publish();
}

/** Every flag of every bench file is known. Errors: ends with 2 when one is not. */
function readArguments() {
  const names = all.flatMap(({ flags = {} }) => Object.keys(flags));
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
  try {
    return parseArgs({ options: { ...options, dry: { type: "boolean" as const } }, allowPositionals: true });
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : error}`);
    process.exit(2);
  }
}

function numberOf(flag: string, otherwise: number): number {
  const said = Number((values as Readonly<Record<string, unknown>>)[flag] ?? otherwise);
  if (Number.isFinite(said) && said >= 0) return said;
  console.error(`bench: --${flag} is to be a number`);
  process.exit(2);
}

/** Each row with the names of its columns: readable without the table. */
function named({ columns, rows }: Figure): readonly Readonly<Record<string, unknown>>[] {
  return rows.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at]])));
}

function circumstances(name: string): Readonly<Record<string, unknown>> {
  const given = Object.entries(values).filter(([flag]) => flag !== "dry");
  return {
    command: ["npm run bench --", name, ...given.map(([flag, said]) => `--${flag} ${said}`)].join(" "),
    versions: versions(),
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

function versions(): Readonly<Record<string, string | undefined>> {
  const { version, devDependencies } = manifest;
  return { supervisor: version, bun: devDependencies.bun, deno: devDependencies.deno };
}
