import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { budgetTable } from "./budget.ts";
import { figures } from "./figures.ts";
import { keepersTable } from "./keepers.ts";
import { resultOf, resultsFolder } from "./results.ts";

type Table = readonly (readonly string[])[];

/** The pages that have a table of results in them. */
export const pages: readonly Readonly<{ path: string; table: () => Table }>[] = [
  { path: fileURLToPath(new URL("../../README.md", import.meta.url)), table: figuresTable },
  { path: `${resultsFolder}README.md`, table: budgetTable },
  { path: fileURLToPath(new URL("../../docs/comparison.md", import.meta.url)), table: keepersTable },
];

const BEGIN = "<!-- The bench writes this table from docs/results: npm run bench -->";
const END = "<!-- until here -->";

/** Writes the tables of results anew. */
export function publish(): void {
  for (const { path, table } of pages) writeFileSync(path, withTable(readFileSync(path, "utf8"), table()));
}

/** The page with its table as the results say it. Errors: throws when the place for it is not there. */
export function withTable(text: string, table: Table): string {
  const [before, after] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (before < 0 || after < before) throw new Error(`there is no place for the results: ${BEGIN}`);
  return `${text.slice(0, before)}${BEGIN}\n\n${laidOut(table)}\n\n${text.slice(after)}`;
}

function figuresTable(): Table {
  const body = figures.flatMap(({ figure, bench, say }) => {
    const result = resultOf(bench);
    return result ? [[figure, say(result), `\`${result.command}\``]] : [];
  });
  return [["figure", "measured", "command"], ...body];
}

/** As the formatter of this project lays tables out. */
function laidOut(table: Table): string {
  const [head = [], ...body] = table;
  const widths = head.map((_, at) => Math.max(...table.map((cells) => cells[at]?.length ?? 0)));
  const line = (cells: readonly string[], fill = " ") =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0, fill)).join(" | ")} |`;
  const rule = line(
    head.map(() => ""),
    "-",
  );
  return [line(head), rule, ...body.map((cells) => line(cells))].join("\n");
}
