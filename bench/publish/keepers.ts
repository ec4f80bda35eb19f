import { figure, type ResultRow, resultOf, where } from "./results.ts";

/** A column of the comparison: which bench has it, and of which rows. */
type Column = Readonly<{ head: string; bench: string; wanted: ResultRow; column: string }>;

const columns: readonly Column[] = [
  { head: "back after SIGKILL, ms", bench: "respawn", wanted: {}, column: "back ms" },
  { head: "killed again at once, ms", bench: "respawn", wanted: {}, column: "killed again: back ms" },
  { head: "start of 10, ms", bench: "cold-start", wanted: { units: 10 }, column: "all there ms" },
  { head: "of 100, ms", bench: "cold-start", wanted: { units: 100 }, column: "all there ms" },
  { head: "state of 100, ms", bench: "ask", wanted: {}, column: "ms" },
  { head: "private memory with 10, KiB", bench: "idle", wanted: { units: 10 }, column: "RssAnon KiB" },
  { head: "with 500, KiB", bench: "idle", wanted: { units: 500 }, column: "RssAnon KiB" },
  { head: "CPU at rest with 10, ms/s", bench: "idle", wanted: { units: 10 }, column: "CPU ms/s" },
  { head: "lines, MB/s", bench: "log-lines", wanted: { printed: "a line a write" }, column: "MB/s" },
  { head: "CPU for them, s/GB", bench: "log-lines", wanted: { printed: "a line a write" }, column: "CPU s/GB" },
  { head: "blocks, MB/s", bench: "log-lines", wanted: { printed: "in blocks" }, column: "MB/s" },
];

/** The table of `docs/comparison.md`: every keeper of programs that was measured, in the order of the bench. */
export function keepersTable(): readonly (readonly string[])[] {
  const keepers = (resultOf("respawn")?.rows ?? []).map((row) => String(row.keeper));
  const body = keepers.map((keeper) => [keeper, ...columns.map((column) => cell(keeper, column))]);
  return [["keeper", ...columns.map(({ head }) => head)], ...body];
}

function cell(keeper: string, { bench, wanted, column }: Column): string {
  const [row] = where(resultOf(bench)?.rows ?? [], { ...wanted, keeper });
  return row === undefined ? "" : figure(Number(row[column]));
}
