import { clip } from "./printable.ts";

/**
 * Breaks a sentence between words, for what must be read to its end. A word that is longer than a line is cut.
 * Shape: ("one two three", 7) → ["one two", "three"]. Units: columns, one for each code point.
 */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    const longer = last === undefined ? null : `${last} ${word}`;
    if (longer !== null && [...longer].length <= width) lines[lines.length - 1] = longer;
    else lines.push(clip(word, width));
  }
  return lines;
}
