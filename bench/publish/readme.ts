import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Table, withTable } from "../../.ci/docs/table.ts";
import { budgetTable } from "./budget.ts";
import { figures } from "./figures.ts";
import { keepersTable } from "./keepers.ts";
import { resultOf, resultsFolder } from "./results.ts";

/** The pages that have a table of results in them. */
export const pages: readonly Readonly<{ path: string; table: () => Table }>[] = [
  { path: fileURLToPath(new URL("../../README.md", import.meta.url)), table: figuresTable },
  { path: `${resultsFolder}README.md`, table: budgetTable },
  { path: fileURLToPath(new URL("../../docs/comparison.md", import.meta.url)), table: keepersTable },
];

/** Stands above each of them. */
export const MARK = "<!-- The bench writes this table from docs/results: npm run bench -->";

/** Writes the tables of results anew. */
export function publish(): void {
  for (const { path, table } of pages) writeFileSync(path, withTable(readFileSync(path, "utf8"), MARK, table()));
}

function figuresTable(): Table {
  const body = figures.flatMap(({ figure, bench, say }) => {
    const result = resultOf(bench);
    return result ? [[figure, say(result), `\`${result.command}\``]] : [];
  });
  return [["figure", "measured", "command"], ...body];
}
