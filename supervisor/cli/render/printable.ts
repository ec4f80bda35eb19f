/** Makes what a service says of itself safe for a terminal: control characters, escape sequences among them, become `�`. */
export function printable(text: string): string {
  return text.replaceAll("\t", " ").replace(/\p{Cc}/gu, "�");
}

/** Shortens to a width, and shows that it did. Shape: ("worker-north", 6) → "worke…". Units: columns, one for each code point. */
export function clip(text: string, width: number): string {
  const letters = [...text];
  if (letters.length <= width) return text;
  return width <= 0 ? "" : `${letters.slice(0, width - 1).join("")}…`;
}
