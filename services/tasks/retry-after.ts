/** A receiver that asks for more has its next delivery after so long. */
export const MAX_RETRY_AFTER_MS = 3_600_000;

const MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
const HTTP_DATE = new RegExp(`^[A-Z][a-z]{2}, \\d{2} ${MONTH} \\d{4} \\d{2}:\\d{2}:\\d{2} GMT$`);

/**
 * Reads for how long an answer asks to be left alone; 0: it does not ask, or not in words that are known.
 * Shape: `"120"` → 120000; `"Wed, 21 Oct 2026 07:28:00 GMT"`, in an answer whose Date is a minute before that → 60000.
 * Units: milliseconds, from 0 to an hour; `nowMs` is wall time, for an answer without a Date.
 * Source: RFC 9110, Retry-After and Date. Why the Date of the answer: whose clock is wrong does not matter then.
 */
export function retryAfterMs(headers: Readonly<Record<string, unknown>>, nowMs: number): number {
  const text = headers["retry-after"];
  if (typeof text !== "string") return 0;
  const askedMs = /^\d+$/.test(text) ? Number(text) * 1_000 : momentOf(text) - momentOf(headers.date, nowMs);
  return Math.min(Math.max(0, askedMs), MAX_RETRY_AFTER_MS);
}

function momentOf(text: unknown, otherwise = 0): number {
  return (typeof text === "string" && HTTP_DATE.test(text) && Date.parse(text)) || otherwise;
}
