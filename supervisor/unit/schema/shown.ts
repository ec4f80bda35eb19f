/** Renders a raw value for a message, in a bounded length. Shape: "notfy" → `"notfy"`; [1] → `an array`; {} → `a table`. */
export function shown(raw: unknown): string {
  if (raw === undefined) return "nothing";
  if (Array.isArray(raw)) return "an array";
  if (typeof raw === "object") return "a table";
  const text = typeof raw === "string" ? JSON.stringify(raw) : String(raw);
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}
