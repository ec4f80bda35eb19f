import type { DataFile } from "./data-file.ts";

/** A row and where it stands. `line` counts from 1 and is where the row begins. */
export type Row = Readonly<{ line: number; fields: Readonly<Record<string, unknown>> }>;

/** Thrown while reading a file whose text is not what its name says; the message names the line. */
export class BadRow extends Error {
  override readonly name = "BadRow";
}

/** A longer line is no record but a wrong file; it must not fill the memory. */
const MAX_LINE_CHARACTERS = 1_048_576;

const CHUNK_BYTES = 65_536;

/**
 * Reads rows from NDJSON, one object per line. Empty lines are passed over.
 * Errors: throws BadRow. Holds one line at a time, so a file may be larger than the memory.
 */
export async function* ndjsonRows(file: DataFile): AsyncGenerator<Row> {
  for await (const { line, text } of lines(file)) {
    if (text.trim() !== "") yield { line, fields: parseObject(text, line) };
  }
}

/**
 * Reads rows from CSV whose first record names the fields. Every value is a string.
 * Errors: throws BadRow. Source: RFC 4180; a quoted field may hold commas, doubled quotes and line ends.
 */
export async function* csvRows(file: DataFile): AsyncGenerator<Row> {
  let names: readonly string[] | null = null;
  for await (const { line, text } of records(file)) {
    if (text === "") continue;
    const values = splitRecord(text, line);
    if (names === null) {
      names = values;
      continue;
    }
    if (values.length !== names.length) {
      throw new BadRow(`line ${line}: has ${values.length} fields, the header has ${names.length}`);
    }
    yield { line, fields: Object.fromEntries(names.map((name, at) => [name, values[at]])) };
  }
}

type Line = Readonly<{ line: number; text: string }>;

async function* lines(file: DataFile): AsyncGenerator<Line> {
  let line = 0;
  let rest = "";
  for await (const chunk of chunks(file)) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() as string;
    for (const text of parts) yield { line: ++line, text: clean(text, line) };
    if (rest.length > MAX_LINE_CHARACTERS) throw tooLong(line + 1);
  }
  if (rest !== "") yield { line: ++line, text: clean(rest, line) };
}

/** A character may lie across two chunks; a byte order mark is taken off. */
async function* chunks(file: DataFile): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const bytes = new Uint8Array(CHUNK_BYTES);
  for (let count = await file.read(bytes); count > 0; count = await file.read(bytes)) {
    yield decoder.decode(bytes.subarray(0, count), { stream: true });
  }
  yield decoder.decode();
}

/**
 * Joins the lines of a record while a quote is open: while the number of quotes so far is odd.
 * Why each line is looked at once: a record of many short lines must not take the square of its length.
 */
async function* records(file: DataFile): AsyncGenerator<Line> {
  let begun: string[] = [];
  let characters = 0;
  let isOpen = false;
  let first = 1;
  for await (const { line, text } of lines(file)) {
    if (begun.length === 0) first = line;
    begun.push(text);
    characters += text.length + 1;
    if (characters > MAX_LINE_CHARACTERS) throw tooLong(first);
    if (hasOddQuotes(text)) isOpen = !isOpen;
    if (isOpen) continue;
    yield { line: first, text: begun.join("\n") };
    begun = [];
    characters = 0;
  }
  if (isOpen) throw new BadRow(`line ${first}: a quote is never closed`);
}

function hasOddQuotes(text: string): boolean {
  let isOdd = false;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) isOdd = !isOdd;
  return isOdd;
}

function splitRecord(text: string, line: number): string[] {
  const values: string[] = [];
  const field = /(?:"([^"]*(?:""[^"]*)*)"|([^",]*))(,|$)/gy;
  for (;;) {
    const match = field.exec(text);
    if (!match) throw new BadRow(`line ${line}: a quote stands in the middle of a field`);
    values.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] === "") return values;
  }
}

function parseObject(text: string, line: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BadRow(`line ${line}: is not JSON`); // The parser's own words differ from runtime to runtime.
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new BadRow(`line ${line}: is not a JSON object`);
  }
  return value as Record<string, unknown>;
}

function clean(text: string, line: number): string {
  if (text.length > MAX_LINE_CHARACTERS) throw tooLong(line);
  return text.endsWith("\r") ? text.slice(0, -1) : text;
}

const tooLong = (line: number) => new BadRow(`line ${line}: is longer than ${MAX_LINE_CHARACTERS} characters`);
