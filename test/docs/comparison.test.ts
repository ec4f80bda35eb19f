import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { docsFolder, readPage } from "./page.ts";

const { text, rows } = readPage("comparison");
type Result = Readonly<{ rows: readonly Readonly<Record<string, number>>[] }>;

/** A column of what a bench wrote. Shape: `column("scale", "respawn ms")` → [8.6, 9.7]. */
function column(name: string, field: string): readonly number[] {
  const result = JSON.parse(readFileSync(join(docsFolder, "results", `${name}.json`), "utf8")) as Result;
  return result.rows.map((row) => row[field] ?? Number.NaN);
}
const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
const said = (count: number) => count.toLocaleString("en-US");
/** Cells of a row, without the marks of bold text. */
const cellsOf = (what: RegExp) =>
  rows.map(({ cells }) => cells.map((cell) => cell.replaceAll("**", ""))).filter(([first = ""]) => what.test(first));

test("the failed requests that the comparison gives us are those of the benches", () => {
  expect(cellsOf(/^supervisor.*kit/).map((cells) => cells.slice(2))).toEqual([["0", "0"]]);
  expect(sum([...column("reload", "failed"), ...column("thousand", "failed")])).toBe(0);
  expect(text).toContain(`${said(sum(column("reload", "requests")))} requests\n(\`reload.json\`)`);
  expect(text).toContain(`with ${said(sum(column("thousand", "requests")))} requests`);
  expect(sum(column("reload", "reloads"))).toBe(80);
});

test("the other figures that the comparison gives us are those of the benches", () => {
  expect(sum(column("torture", "lines wrong"))).toBe(0);
  expect(text).toContain(`0 of ${said(sum(column("torture", "lines")))} lines`);
});
