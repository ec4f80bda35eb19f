/** Rows of cells in Markdown, the head first. */
export type Table = readonly (readonly string[])[];

const END = "<!-- until here -->";

/**
 * The page with one table anew. `mark`: the comment above it, which says who writes it; all that stands between that and the end goes.
 * Errors: throws when the page has no such place.
 */
export function withTable(text: string, mark: string, table: Table): string {
  const before = text.indexOf(mark);
  const after = text.indexOf(END, before);
  if (before < 0 || after < 0) throw new Error(`there is no place for the table: ${mark}`);
  return `${text.slice(0, before)}${mark}\n\n${laidOut(table)}\n\n${text.slice(after)}`;
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
