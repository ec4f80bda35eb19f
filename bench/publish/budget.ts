import { figure, type ResultRow, resultOf, value, where } from "./results.ts";

/** What was promised beforehand, and what came of it. A cell that was not measured is empty. */
type Row = Readonly<{ figure: string; budget: string; bench: string; cells: (rows: readonly ResultRow[]) => Cells }>;

/** `beside`: the best of the others in the same run, with its name. `floor`: what ten lines on the same runtime take, as one executable. */
type Cells = Readonly<{ executable?: string; bun: string; deno: string; floor?: string; beside?: string }>;

const ours = {
  executable: "supervisor, one executable",
  bun: "supervisor on bun",
  deno: "supervisor on deno",
} as const;

const FLOOR = "ten lines, one executable";

/** What others are measured by: it keeps nothing that anybody could ask for. */
const measures: readonly string[] = [
  "a shell loop",
  "cat into one file",
  "ten lines on bun",
  "ten lines on deno",
  FLOOR,
];

const isOther = ({ keeper }: ResultRow): boolean =>
  ![...Object.values(ours), ...measures].some((name) => name === keeper);

const rows: readonly Row[] = [
  {
    figure: "throughput on the handed listener ÷ native, `/`",
    budget: "≥ 0.97",
    bench: "throughput",
    cells: byRuntime((rows, runtime) => say(value(rows, { runtime, path: "/" }, "ratio"))),
  },
  {
    figure: "failed requests over reloads, 32 keep-alive and one-request connections",
    budget: "0",
    bench: "reload",
    cells: byRuntime((rows, runtime) => {
      const pairing = rows.filter((row) => row["service on daemon"] === `${runtime} on ${runtime}`);
      return say(pairing.reduce((sum, row) => sum + Number(row.failed), 0));
    }),
  },
  {
    figure: "failed requests over 1 000 reloads, 1 000 connections",
    budget: "0",
    bench: "thousand",
    cells: byRuntime((rows, runtime) =>
      say(value(rows, { "service on daemon": `${runtime} on ${runtime}` }, "failed")),
    ),
  },
  {
    figure: "reload command to new generation ready, beyond its own start",
    budget: "10 ms",
    bench: "handover",
    cells: byRuntime((rows, runtime) => {
      return `${say(value(rows, { "service on daemon": `${runtime} on ${runtime}` }, "added ms"))} ms`;
    }),
  },
  keeperRow("SIGKILL to process back", "3.5 ms", "respawn", { column: "back ms", unit: " ms" }),
  keeperRow("the second crash within 20 ms", "3.5 ms", "respawn", { column: "killed again: back ms", unit: " ms" }),
  keeperRow("cold start, 10 units", "50 ms", "cold-start", { column: "all there ms", unit: " ms", units: 10 }),
  keeperRow("cold start, 100 units", "140 ms", "cold-start", { column: "all there ms", unit: " ms", units: 100 }),
  keeperRow("idle with 10 units: RssAnon", "15 MB", "idle", { column: "RssAnon KiB", unit: " KiB", units: 10 }),
  keeperRow("idle with 500 units: RssAnon", "25 MB", "idle", { column: "RssAnon KiB", unit: " KiB", units: 500 }),
  keeperRow("each unit: RssAnon", "18 KiB", "idle", { column: "RssAnon KiB", unit: " KiB", units: "each" }),
  keeperRow("idle with 10 units: CPU", "0.05 ms/s", "idle", { column: "CPU ms/s", unit: " ms/s", units: 10 }),
  keeperRow("idle with 10 units: switches", "0.5/s", "idle", { column: "switches/s", unit: "/s", units: 10 }),
  outputRow("output in blocks", "320 MB/s", { printed: "in blocks" }, "MB/s", " MB/s"),
  outputRow("output in lines", "250 MB/s", { printed: "a line a write" }, "MB/s", " MB/s"),
  outputRow("output in lines: CPU", "2.7 s/GB", { printed: "a line a write" }, "CPU s/GB", " s/GB"),
  outputRow("output in lines: lost", "0", { printed: "a line a write" }, "lines lost", ""),
  keeperRow("`status`, 100 units", "20 ms", "ask", { column: "ms", unit: " ms" }),
  {
    figure: "npm package, unpacked; it has no dependencies",
    budget: "5 MB",
    bench: "package",
    cells: (rows) => {
      const size = `${say(value(rows, { what: "npm package, unpacked" }, "MB"))} MB`;
      return { bun: size, deno: size };
    },
  },
  {
    figure: "one executable: first word",
    budget: "25 ms",
    bench: "package",
    cells: (rows) => ({
      executable: `${say(value(rows, { what: "executable, bun-linux-x64" }, "first word ms"))} ms`,
      bun: "",
      deno: "",
    }),
  },
];

/** The table of `docs/results/README.md`. */
export function budgetTable(): readonly (readonly string[])[] {
  const body = rows.flatMap(({ figure: name, budget, bench, cells }) => {
    const result = resultOf(bench);
    if (!result) return [];
    const { executable = "", bun, deno, floor = "", beside = "" } = cells(result.rows);
    return [[name, budget, executable, bun, deno, floor, beside, `${bench}.json`]];
  });
  const head = ["figure", "budget", "one executable", "Bun", "Deno", "ten lines, one executable", "best of the others"];
  return [[...head, "where"], ...body];
}

const say = (number: number): string => figure(number);

function byRuntime(of: (rows: readonly ResultRow[], runtime: "bun" | "deno") => string): Row["cells"] {
  return (rows) => ({ bun: of(rows, "bun"), deno: of(rows, "deno") });
}

type Column = Readonly<{ column: string; unit: string; units?: number | string }>;

/** Less is better. */
function keeperRow(name: string, budget: string, bench: string, { column, unit, units }: Column): Row {
  const wanted: ResultRow = units === undefined ? {} : { units };
  return { figure: name, budget, bench, cells: (rows) => cellsOf(rows, wanted, column, unit, Math.min) };
}

/** More is better, but for what is spent. */
function outputRow(name: string, budget: string, wanted: ResultRow, column: string, unit: string): Row {
  const best = column === "MB/s" ? Math.max : Math.min;
  return { figure: name, budget, bench: "log-lines", cells: (rows) => cellsOf(rows, wanted, column, unit, best) };
}

function cellsOf(
  rows: readonly ResultRow[],
  wanted: ResultRow,
  column: string,
  unit: string,
  best: (...values: number[]) => number,
): Cells {
  const of = (keeper: string) => `${say(value(rows, { ...wanted, keeper }, column))}${unit}`;
  const others = where(rows, wanted).filter(isOther);
  const most = best(...others.map((row) => Number(row[column])));
  const first = others.find((row) => Number(row[column]) === most);
  const beside = first ? `${first.keeper} ${say(most)}${unit}` : "";
  const ifMeasured = (keeper: string) => (where(rows, { ...wanted, keeper }).length > 0 ? of(keeper) : "");
  const [executable, floor] = [ifMeasured(ours.executable), ifMeasured(FLOOR)];
  return { executable, bun: of(ours.bun), deno: of(ours.deno), floor, beside };
}
