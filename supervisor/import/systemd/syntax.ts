import type { Source } from "../draft.ts";

/** One assignment. `value` has its continuation lines joined. */
export type Setting = Readonly<{ section: string; key: string; value: string; file: string; line: number }>;

/**
 * Reads a unit file of systemd: sections, assignments, comments, and lines that a closing backslash joins with the next.
 * Shape: "ExecStart=/bin/a \\\n# a comment\n  -b" → { section: "Service", key: "ExecStart", value: "/bin/a    -b", line: 1 }.
 * Source: systemd.syntax(7).
 */
export function readSettings({ file, text }: Source): readonly Setting[] {
  const settings: Setting[] = [];
  let section = "";
  let open: { key: string; value: string; line: number } | null = null;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*[#;]/.test(line)) continue;
    const isContinued = line.endsWith("\\");
    const plain = isContinued ? `${line.slice(0, -1)} ` : line;
    const [, name] = /^\[([^\]]+)\]\s*$/.exec(line) ?? [];
    const [, key, value = ""] = /^\s*([^=\s][^=]*?)\s*=\s*(.*)$/.exec(plain) ?? [];
    if (open !== null) open.value += plain;
    else if (name !== undefined) section = name;
    else if (key !== undefined) open = { key, value, line: index + 1 };
    if (open === null || isContinued) continue;
    settings.push({ ...open, value: open.value.trim(), section, file });
    open = null;
  }
  if (open !== null) settings.push({ ...open, value: open.value.trim(), section, file });
  return settings;
}

/** A word, and whether a quote or an escape made it what it is: a `;` that is quoted ends no command. */
export type Word = Readonly<{ text: string; isPlain: boolean }>;

/**
 * Splits a value into words: white space between them, single and double quotes, C's escapes and `\s` for a space.
 * Source: systemd.syntax(7), "Quoting".
 */
export function readWords(value: string): readonly Word[] {
  return [...value.matchAll(WORD)].map(([all]) => ({
    text: all.replace(PIECE, (piece: string, double?: string, single?: string) =>
      withoutEscapes(double ?? single ?? piece),
    ),
    isPlain: !/["'\\]/.test(all),
  }));
}

const WORD = /(?:"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'|\\[\s\S]|[^\s\\"'])+(?:["'](?=\s|$))?/g;
const PIECE = /"((?:\\[\s\S]|[^"\\])*)"|'((?:\\[\s\S]|[^'\\])*)'|(?:\\[\s\S]|[^\\"'])+/g;
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([0-7]{3})|([\s\S]))/g;
const LETTERS: Readonly<Record<string, string>> = {
  ...{ a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", s: " " },
};

function withoutEscapes(text: string): string {
  return text.replace(ESCAPE, (_, hex?: string, unicode?: string, octal?: string, letter = "") => {
    const digits = hex ?? unicode;
    if (digits !== undefined) return String.fromCharCode(Number.parseInt(digits, 16));
    return octal === undefined ? (LETTERS[letter] ?? letter) : String.fromCharCode(Number.parseInt(octal, 8));
  });
}
