import { expect, test } from "bun:test";
import { MAX_RETRY_AFTER_MS, retryAfterMs } from "../../services/tasks/retry-after.ts";

const NOW = Date.UTC(2026, 9, 21, 7, 28);
const DATE = "Wed, 21 Oct 2026 07:28:00 GMT";

test.each([
  ["120", 120_000],
  ["0", 0],
  ["3600", MAX_RETRY_AFTER_MS],
  ["3601", MAX_RETRY_AFTER_MS],
  ["9".repeat(400), MAX_RETRY_AFTER_MS],
  ["Wed, 21 Oct 2026 07:28:30 GMT", 30_000],
  ["Thu, 22 Oct 2026 07:28:00 GMT", MAX_RETRY_AFTER_MS],
  ["Wed, 21 Oct 2026 07:27:00 GMT", 0],
  ["Wed, 99 Oct 2026 07:28:30 GMT", 0],
  ["-5", 0],
  ["1.5", 0],
  ["1e3", 0],
  ["soon", 0],
  ["2030", 2_030_000],
  ["2030-01-01", 0],
  ["", 0],
  [undefined, 0],
])("Retry-After: %s is a rest of %d ms", (text, restMs) => {
  expect(retryAfterMs({ "retry-after": text }, NOW)).toBe(restMs);
});

test("a moment is counted from the answer's own date, when it has one", () => {
  const later = "Wed, 21 Oct 2026 07:29:00 GMT";
  expect(retryAfterMs({ "retry-after": later, date: DATE }, NOW + 7_777_777)).toBe(60_000);
  expect(retryAfterMs({ "retry-after": later, date: "today" }, NOW)).toBe(60_000);
});
