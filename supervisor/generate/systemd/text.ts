/** One `Key=value` line; `null` and "" leave it out, since an empty value resets a key in systemd. */
export type Entry = readonly [key: string, value: string | null];

/** Renders a section, or nothing when no entry is left. Shape: `[Unit]\nDescription=api\n`. */
export function section(name: string, entries: readonly Entry[]): string {
  const lines = entries.filter(([, value]) => value !== null && value !== "").map(([key, value]) => `${key}=${value}`);
  return lines.length === 0 ? "" : `[${name}]\n${lines.join("\n")}\n`;
}

/** Renders comment lines; a line break inside one cannot end the comment. */
export function comment(lines: readonly string[]): string {
  return lines.map((line) => `# ${line.replace(CONTROL, " ")}\n`).join("");
}

/**
 * Writes a value that systemd takes to the end of the line (Description=, WorkingDirectory=).
 * Shape: `100%` → `100%%`; a line break becomes a space, and a closing backslash no continuation.
 */
export function plain(text: string): string {
  return text.replace(CONTROL, " ").replaceAll("%", "%%").replace(/\\$/, "\\ ");
}

/** Writes one quoted word where `$` means nothing (Environment=, the program of ExecStart=). Source: systemd.syntax(7), "Quoting". */
export function word(text: string): string {
  const escaped = text.replace(/["\\]/g, "\\$&").replaceAll("%", "%%").replace(CONTROL, hexEscape);
  return BARE.test(escaped) ? escaped : `"${escaped}"`;
}

/** Writes one argument of a command line, where `$` would begin a variable. Source: systemd.service(5), "Command lines". */
export function argument(text: string): string {
  return word(text.replaceAll("$", "$$$$"));
}

/** Writes a list of socket units. Why: Sockets= is the one list of units in which systemd takes a single backslash away. */
export function socketNames(filenames: readonly string[]): string {
  return filenames.map((filename) => filename.replaceAll("\\", "\\\\")).join(" ");
}

/** Writes a span. Units: milliseconds in. Shape: 1500 → `1500ms`, 30000 → `30s`, Infinity → `infinity`. */
export function span(ms: number): string {
  if (ms === Infinity) return "infinity";
  if (ms % 1000 === 0) return `${ms / 1000}s`;
  return Number.isInteger(ms) ? `${ms}ms` : `${Math.round(ms * 1000)}us`;
}

/** Writes a limit in time. Why: systemd reads a limit of 0 as none at all, we as at once. */
export function limitSpan(ms: number): string {
  return ms === 0 ? "1us" : span(ms);
}

/**
 * Writes a text as a part of a unit's name. Shape: "web site" → `web\x20site`.
 * Source: systemd.unit(5), "String escaping for inclusion in unit names".
 */
export function namePart(text: string): string {
  return text.replace(/[^A-Za-z0-9:_.-]/gu, escapeBytes);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that must not reach the file as they are.
const CONTROL = /[\u0000-\u001f\u007f]/g;
const BARE = /^[A-Za-z0-9_@+=:,./%{}$-]+$/;

function hexEscape(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

/** By byte, as systemd does; encodeURIComponent is the one encoder that the language itself has. */
function escapeBytes(character: string): string {
  const encoded = encodeURIComponent(character);
  if (encoded === character) return hexEscape(character);
  return encoded.toLowerCase().replaceAll("%", "\\x");
}
