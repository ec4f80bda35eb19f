/** What a terminal is told before the first frame and after the last: its other screen, no cursor, and all of it back. */
export const screen = { enter: "\x1b[?1049h\x1b[?25l", leave: "\x1b[?25h\x1b[?1049l" } as const;

/**
 * Renders a text so that it replaces the frame before without flicker: each line overwrites the old one, and what is left below is cleared.
 * Units: rows of the terminal; what does not fit is cut, and the last row says so.
 */
export function frame(text: string, rows: number): string {
  const lines = text.replace(/\n$/, "").split("\n");
  const hidden = lines.length - rows;
  const shown = hidden > 0 ? [...lines.slice(0, Math.max(0, rows - 1)), `… ${hidden + 1} more lines`] : lines;
  return `\x1b[H${shown.map((line) => `${line}\x1b[K`).join("\n")}\x1b[J`;
}
