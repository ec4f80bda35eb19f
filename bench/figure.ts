/** What one bench file found. Shape: `{ columns: ["runtime", "ms"], rows: [["bun", 12.5]] }`. Units: in the names of the columns. */
export type Figure = Readonly<{ columns: readonly string[]; rows: readonly (readonly (string | number)[])[] }>;

/** What a bench file lets itself be told with `--NAME NUMBER`. */
export type Flags<F = Readonly<Record<string, number>>> = Readonly<{ [N in keyof F]: number }>;

/** Lays a figure out for people: the first column to the left, the others to the right. */
export function figureText({ columns, rows }: Figure): string {
  const lines = [columns, ...rows].map((row) => row.map(String));
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  const padded = (line: readonly string[]) =>
    line.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join("  ");
  const [head = [], ...body] = lines;
  return [padded(head), widths.map((width) => "-".repeat(width)).join("  "), ...body.map(padded)].join("\n");
}
