/** What is wrong with one key, before its place in the file is looked up. Shape: path `["service", "args", 2]`. */
export type Issue = Readonly<{ path: readonly (string | number)[]; message: string }>;

/** A table of the raw document; an empty one where the file has something else, which the schema reports. */
export function rawTable(raw: unknown): Readonly<Record<string, unknown>> {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw) ? (raw as Record<string, unknown>) : {};
}
