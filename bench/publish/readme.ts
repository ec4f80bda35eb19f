import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { figures } from "./figures.ts";
import { resultOf } from "./results.ts";

export const readmePath = fileURLToPath(new URL("../../README.md", import.meta.url));

const BEGIN = "<!-- The bench writes this table from docs/results: npm run bench -->";
const END = "<!-- until here -->";

/** Writes the table of results anew. */
export function publish(): void {
  writeFileSync(readmePath, withTable(readFileSync(readmePath, "utf8")));
}

/** README.md with the table as the results say it. Errors: throws when the place for it is not there. */
export function withTable(text: string): string {
  const [before, after] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (before < 0 || after < before) throw new Error(`README.md has no place for the results: ${BEGIN}`);
  return `${text.slice(0, before)}${BEGIN}\n\n${table()}\n\n${text.slice(after)}`;
}

function table(): string {
  const body = figures.flatMap(({ figure, bench, say }) => {
    const result = resultOf(bench);
    return result ? [[figure, say(result), `\`${result.command}\``]] : [];
  });
  const head = ["figure", "measured", "command"];
  const widths = head.map((_, at) => Math.max(...[head, ...body].map((cells) => cells[at]?.length ?? 0)));
  const line = (cells: readonly string[], fill = " ") =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0, fill)).join(" | ")} |`;
  return [line(head), line(["", "", ""], "-"), ...body.map((cells) => line(cells))].join("\n");
}
