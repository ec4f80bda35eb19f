import { type Fault, fail, type Outcome, ok } from "./fault.ts";

/** Name and value, in file order. */
export type Variable = readonly [name: string, value: string];

/**
 * Reads an environment file as systemd does: one `NAME=value` a line, `#` and `;` begin a comment line, single and
 * double quotes may span lines, a backslash at the end of a line joins it with the next. Nothing is expanded.
 * Shape: `A="x y"\nB=1 # no comment` → [["A", "x y"], ["B", "1 # no comment"]].
 * Errors: unit-invalid for each line that sets no variable; systemd passes over these in silence.
 * Source: systemd.exec(5), EnvironmentFile=; its parse_env_file_internal.
 */
export function parseEnvironmentFile(path: string, content: string): Outcome<readonly Variable[]> {
  const text = content.replaceAll("\r\n", "\n");
  const variables: Variable[] = [];
  const faults: Fault[] = [];
  let line = 1;
  let counted = 0;
  for (let at = skipSpace(text, 0); at < text.length; at = skipSpace(text, at)) {
    for (; counted < at; counted++) if (text[counted] === "\n") line++;
    const entry = readEntry(text, at);
    at = entry.end;
    if (entry.tag === "variable") variables.push(entry.variable);
    if (entry.tag === "problem") faults.push({ ...INVALID, message: entry.message, at: { file: path, line } });
  }
  const [first, ...rest] = faults;
  return first === undefined ? ok(variables) : fail(first, ...rest);
}

const INVALID = { code: "unit-invalid", retry: "never" } as const;

type Entry = Readonly<
  | { tag: "comment"; end: number }
  | { tag: "variable"; variable: Variable; end: number }
  | { tag: "problem"; message: string; end: number }
>;

/** No message repeats what the line holds: it may be a piece of a secret. */
function readEntry(text: string, at: number): Entry {
  const end = endOfLine(text, at);
  if (text[at] === "#" || text[at] === ";") return { tag: "comment", end };
  const equals = text.indexOf("=", at);
  if (equals === -1 || equals > end) return { tag: "problem", message: "sets no variable: there is no `=`", end };
  const name = text.slice(at, equals).trim();
  const [value, next] = readValue(text, equals + 1);
  if (!NAME.test(name))
    return { tag: "problem", message: "what stands before the `=` is no variable's name", end: next };
  if (value.includes("\0")) return { tag: "problem", message: `${name} must not hold a zero byte`, end: next };
  return { tag: "variable", variable: [name, value], end: next };
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Reads a value up to its line's end. Quoted and bare pieces may follow each other, as in `'a b'"c"d`; within a bare piece quotes are letters. */
function readValue(text: string, start: number): readonly [value: string, end: number] {
  let value = "";
  // How much of the value is not white space that the line's end takes away.
  let kept = 0;
  let isBare = false;
  let at = start;
  while (at < text.length && text[at] !== "\n" && text[at] !== "\r") {
    const next = text[at] ?? "";
    if (!isBare && (next === '"' || next === "'")) {
      const [piece, end] = next === "'" ? readSingle(text, at + 1) : readDouble(text, at + 1);
      value += piece;
      kept = value.length;
      at = end;
    } else if (next === "\\") {
      const escaped = text[at + 1] ?? "";
      if (escaped !== "\n") value += escaped;
      kept = value.length;
      isBare = true;
      at += 2;
    } else {
      const isSpace = next === " " || next === "\t";
      if (isBare || !isSpace) value += next;
      if (!isSpace) kept = value.length;
      isBare ||= !isSpace;
      at++;
    }
  }
  return [value.slice(0, kept), at];
}

function readSingle(text: string, start: number): readonly [string, number] {
  const end = text.indexOf("'", start);
  return end === -1 ? [text.slice(start), text.length] : [text.slice(start, end), end + 1];
}

/** Within double quotes a backslash keeps its meaning only before `"`, `\`, a backtick, `$` and a line's end. */
function readDouble(text: string, start: number): readonly [string, number] {
  let value = "";
  let at = start;
  for (; at < text.length && text[at] !== '"'; at++) {
    if (text[at] !== "\\") {
      value += text[at];
      continue;
    }
    const escaped = text[++at] ?? "";
    if ('"\\`$'.includes(escaped)) value += escaped;
    else if (escaped !== "\n") value += `\\${escaped}`;
  }
  return [value, at + 1];
}

function skipSpace(text: string, at: number): number {
  let end = at;
  while (end < text.length && /[\s\uFEFF]/.test(text[end] ?? "")) end++;
  return end;
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end === -1 ? text.length : end;
}
