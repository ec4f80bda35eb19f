import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** What one bench has written: `docs/results/NAME.json`. */
export type Result = Readonly<{
  name: string;
  command: string;
  rows: readonly ResultRow[];
  flags?: Readonly<Record<string, number>>;
}>;

/** Shape: `{ "keeper": "runit", "ms": 4.7 }`: each column with its value. */
export type ResultRow = Readonly<Record<string, string | number>>;

export const resultsFolder = fileURLToPath(new URL("../../docs/results/", import.meta.url));

/** Null when it was not measured yet. */
export function resultOf(name: string): Result | null {
  const path = `${resultsFolder}${name}.json`;
  if (!existsSync(path)) return null;
  const read = JSON.parse(readFileSync(path, "utf8")) as Omit<Result, "command"> & Partial<Result>;
  return { command: `npm run bench -- ${name}`, ...read };
}

/** The rows that have these values. Shape: `where(rows, { units: 10 })`. */
export function where(rows: readonly ResultRow[], wanted: ResultRow): readonly ResultRow[] {
  return rows.filter((row) => Object.entries(wanted).every(([column, value]) => row[column] === value));
}

/** Of the first row that has these values; NaN when there is none, so that a wrong name shows. */
export function value(rows: readonly ResultRow[], wanted: ResultRow, column: string): number {
  return Number(where(rows, wanted)[0]?.[column] ?? Number.NaN);
}

/** Shape: `1234567` → `1,234,567`; `4.25` → `4.25`. */
export const figure = (number: number): string => number.toLocaleString("en-US", { maximumFractionDigits: 3 });

export const sum = (rows: readonly ResultRow[], column: string): number =>
  rows.reduce((total, row) => total + Number(row[column] ?? 0), 0);

/** Shape: `5`, or `5 to 9`. */
export function range(rows: readonly ResultRow[], column: string): string {
  const values = rows.map((row) => Number(row[column]));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least === most ? figure(least) : `${figure(least)} to ${figure(most)}`;
}
