import { stripVTControlCharacters } from "node:util";

/** Where a fault stands, in what the runtimes say of it. */
const PLACE = /(?:file:\/\/)?(\/[^\s()"':?]+\.[cm]?[jt]s)(?:\?copy=\d+)?(:\d+:\d+)/;

const NUMBER = /\?copy=\d+/g;

/**
 * Says in one line why a file could not be loaded, and where; the runtimes say it in ways of their own.
 * Shape: `/srv/app/services/api/app.ts:3:30: Unterminated string literal`.
 */
export function loadFault(error: unknown): Error {
  const { message = String(error), stack = "", position } = (error ?? {}) as Partial<Said>;
  const text = stripVTControlCharacters(message);
  const [first = ""] = text.split("\n");
  const [, file, at] = PLACE.exec(`${text}\n${stack}`) ?? [];
  const found = position ? `${position.file}:${position.line}:${position.column}` : file && `${file}${at}`;
  const fault = new Error(`${found === undefined ? "" : `${found}: `}${first}`.replace(NUMBER, ""));
  if (stack) fault.stack = stack;
  return fault;
}

/** `position`: Bun's own word. */
type Said = Error & { position: Readonly<{ file: string; line: number; column: number }> | null };
