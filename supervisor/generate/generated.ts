import type { Loss } from "./loss.ts";

/** The files by name, which may have folders in it, and what they cannot say; the same stands as comments at the head of each file. */
export type Generated = Readonly<{ files: ReadonlyMap<string, string>; losses: readonly Loss[] }>;

/** What stands at the head of a file, in every language in which `#` begins a comment. A line break inside a line cannot end it. */
export function head(lines: readonly string[], losses: readonly Loss[]): string {
  const lost =
    losses.length === 0
      ? []
      : ["Not carried over:", ...losses.map(({ unit, key, why }) => `  ${unit}: ${key}: ${why}`)];
  return [...lines, ...lost].map((line) => `# ${line.replace(CONTROL, " ")}\n`).join("");
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that must not reach the file as they are.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
