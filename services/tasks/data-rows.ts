import type { FileHandle } from "node:fs/promises";

/** A row and where it stands. `line` counts from 1 and is where the row begins. */
export type Row = Readonly<{ line: number; fields: Readonly<Record<string, unknown>> }>;

/** Thrown while reading a file whose text is not what its name says; the message names the line. */
export class BadRow extends Error {
  override readonly name = "BadRow";
}

/** A longer line is no record but a wrong file; it must not fill the memory. */
const MAX_LINE_CHARACTERS = 1_048_576;

/**
 * Reads rows from NDJSON, one object per line. Empty lines are passed over.
 * Errors: throws BadRow. Holds one line at a time, so a file may be larger than the memory.
 */
export async function* ndjsonRows(handle: FileHandle): AsyncGenerator<Row> {
  for await (const { line, text } of lines(handle)) {
    if (text.trim() !== "") yield { line, fields: parseObject(text, line) };
  }
}

/**
 * Reads rows from CSV whose first record names the fields. Every value is a string.
 * Errors: throws BadRow. Source: RFC 4180; a quoted field may hold commas, doubled quotes and line ends.
 */
export async function* csvRows(handle: FileHandle): AsyncGenerator<Row> {
  let names: readonly string[] | null = null;
  for await (const { line, text } of records(handle)) {
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

async function* lines(handle: FileHandle): AsyncGenerator<Line> {
  let line = 0;
  let rest = "";
  for await (const chunk of handle.createReadStream({ encoding: "utf8", autoClose: false })) {
    const parts: string[] = (rest + chunk).split("\n");
    rest = parts.pop() as string;
    for (const text of parts) yield { line: ++line, text: clean(text, line) };
    if (rest.length > MAX_LINE_CHARACTERS) throw tooLong(line + 1);
  }
  if (rest !== "") yield { line: ++line, text: clean(rest, line) };
}

/** Joins the lines of a record while a quote is open: while the number of quotes so far is odd. */
async function* records(handle: FileHandle): AsyncGenerator<Line> {
  let open: Line | null = null;
  for await (const { line, text } of lines(handle)) {
    const record: Line = open ? { line: open.line, text: `${open.text}\n${text}` } : { line, text };
    if (record.text.length > MAX_LINE_CHARACTERS) throw tooLong(record.line);
    open = (record.text.match(/"/g)?.length ?? 0) % 2 === 1 ? record : null;
    if (!open) yield record;
  }
  if (open) throw new BadRow(`line ${open.line}: a quote is never closed`);
}

function splitRecord(text: string, line: number): string[] {
  const values: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/gy;
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
  const unmarked = line === 1 && text.startsWith("\uFEFF") ? text.slice(1) : text;
  return unmarked.endsWith("\r") ? unmarked.slice(0, -1) : unmarked;
}

const tooLong = (line: number) => new BadRow(`line ${line}: is longer than ${MAX_LINE_CHARACTERS} characters`);
