/** Readers of what a document holds, where anything may stand. */

/** A map, or an empty one. */
export function mapOf(raw: unknown): Readonly<Record<string, unknown>> {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw) ? (raw as Record<string, unknown>) : {};
}

/** A text, of a text, a number or a boolean; null for anything else. */
export function textOf(raw: unknown): string | null {
  return typeof raw === "string" || typeof raw === "number" || typeof raw === "boolean" ? String(raw) : null;
}

/** A number, also of a text that is one; null for anything else. */
export function numberOf(raw: unknown): number | null {
  const text = typeof raw === "string" && raw.trim() !== "" ? Number(raw) : raw;
  return typeof text === "number" && Number.isFinite(text) ? text : null;
}

/** Texts, of a list or of one alone. */
export function textsOf(raw: unknown): readonly string[] {
  return (Array.isArray(raw) ? raw : [raw]).flatMap((each) => textOf(each) ?? []);
}

/** Yes or no, as files say it; null for anything else. */
export function flagOf(raw: unknown): boolean | null {
  if (typeof raw === "boolean") return raw;
  const text = textOf(raw)?.toLowerCase() ?? "";
  if (["true", "yes", "on", "1"].includes(text)) return true;
  return ["false", "no", "off", "0"].includes(text) ? false : null;
}

/** Shortens what is shown in a message. */
export function shown(raw: unknown): string {
  const text = JSON.stringify(raw) ?? "nothing";
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}
