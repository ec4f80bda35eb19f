/** The lines of a file's keys, in file order. Shape: `service.args.1` → 7. Units: 1-based lines. */
export type Positions = ReadonlyMap<string, number>;

/**
 * Finds the line of every key, table and array element of a TOML text, by dotted path.
 * Why: the TOML reader gives values without places. The text should be valid TOML; on anything else the
 * result is partial, never an exception.
 */
export function positions(text: string): Positions {
  const scan: Scan = { text, offsets: new Map() };
  let table: readonly string[] = [];
  for (let at = skipBlank(text, 0); at < text.length; at = skipBlank(text, at)) {
    if (text[at] === "[") {
      const start = text[at + 1] === "[" ? at + 2 : at + 1;
      const header = readKey(text, start);
      table = header.path;
      mark(scan, table, at);
      at = endOfLine(text, header.end);
    } else {
      at = endOfLine(text, scanEntry(scan, table, at));
    }
  }
  return toLines(scan);
}

/** Gives the line of a path, or of the nearest table around it; 1 when the file knows none of it. */
export function lineOf(found: Positions, path: string): number {
  for (let rest = path; rest !== ""; rest = rest.slice(0, Math.max(0, rest.lastIndexOf(".")))) {
    const line = found.get(rest);
    if (line !== undefined) return line;
  }
  return 1;
}

type Scan = Readonly<{ text: string; offsets: Map<string, number> }>;

function mark(scan: Scan, path: readonly string[], at: number): void {
  for (let length = 1; length <= path.length; length++) {
    const key = path.slice(0, length).join(".");
    if (!scan.offsets.has(key)) scan.offsets.set(key, at);
  }
}

function toLines({ text, offsets }: Scan): Positions {
  const lines = new Map<string, number>();
  let line = 1;
  let seen = 0;
  for (const [path, at] of offsets) {
    for (; seen < at; seen++) if (text[seen] === "\n") line++;
    lines.set(path, line);
  }
  return lines;
}

/** Scans `key = value` and returns where it ends. Always moves on by at least one character. */
function scanEntry(scan: Scan, table: readonly string[], at: number): number {
  const key = readKey(scan.text, at);
  const path = [...table, ...key.path];
  mark(scan, path, at);
  if (scan.text[key.end] !== "=") return Math.max(key.end, at + 1);
  return scanValue(scan, path, skipSpace(scan.text, key.end + 1));
}

function scanValue(scan: Scan, path: readonly string[], at: number): number {
  const first = scan.text[at];
  if (first === '"' || first === "'") return endOfString(scan.text, at);
  if (first === "[" || first === "{") return scanInside(scan, path, at);
  let end = at;
  while (end < scan.text.length && !",]}#\n".includes(scan.text[end] ?? "")) end++;
  return end;
}

/** Scans an array's elements or an inline table's entries, up to behind the closing bracket. */
function scanInside(scan: Scan, path: readonly string[], open: number): number {
  const { text } = scan;
  const isArray = text[open] === "[";
  let at = skipBlank(text, open + 1);
  for (let index = 0; at < text.length && text[at] !== "]" && text[at] !== "}"; index++) {
    const before = at;
    const element = [...path, String(index)];
    if (isArray) mark(scan, element, at);
    at = skipBlank(text, isArray ? scanValue(scan, element, at) : scanEntry(scan, path, at));
    if (text[at] === ",") at = skipBlank(text, at + 1);
    if (at === before) return at + 1;
  }
  return at + 1;
}

/** Reads a dotted key. `end` is behind it and its trailing space. */
function readKey(text: string, start: number): Readonly<{ path: readonly string[]; end: number }> {
  const path: string[] = [];
  let at = skipSpace(text, start);
  for (;;) {
    const quote = text[at];
    const isQuoted = quote === '"' || quote === "'";
    const end = isQuoted ? endOfString(text, at) : endOfBare(text, at);
    path.push(isQuoted ? text.slice(at + 1, end - 1) : text.slice(at, end));
    at = skipSpace(text, end);
    if (text[at] !== ".") return { path, end: at };
    at = skipSpace(text, at + 1);
  }
}

function endOfBare(text: string, at: number): number {
  let end = at;
  while (/[A-Za-z0-9_-]/.test(text[end] ?? "")) end++;
  return end;
}

function endOfString(text: string, at: number): number {
  const quote = text[at] ?? "";
  const triple = quote.repeat(3);
  const isLong = text.startsWith(triple, at);
  const close = isLong ? triple : quote;
  for (let end = at + close.length; end < text.length; end++) {
    if (quote === '"' && text[end] === "\\") end++;
    else if (text.startsWith(close, end)) {
      end += close.length;
      // A long string may end in up to two quotes of its own.
      while (isLong && text[end] === quote) end++;
      return end;
    } else if (!isLong && text[end] === "\n") return end;
  }
  return text.length;
}

function skipSpace(text: string, at: number): number {
  let end = at;
  while (text[end] === " " || text[end] === "\t") end++;
  return end;
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end === -1 ? text.length : end;
}

/** Skips white space, line ends and comments. */
function skipBlank(text: string, at: number): number {
  let end = at;
  while (end < text.length) {
    if (text[end] === "#") end = endOfLine(text, end);
    else if (/[\s\uFEFF]/.test(text[end] ?? "")) end++;
    else break;
  }
  return end;
}
