/**
 * Renders how long ago something was, as coarsely as systemctl does: the older, the coarser.
 * Shape: 65000 → "1min 5s"; 400000 → "6min"; 90000000 → "1 day 1h". Units: milliseconds; below 0 (a clock that was set back) counts as 0.
 * Source: systemd, format_timestamp_relative.
 */
export function age(ms: number): string {
  const left = Math.max(0, ms);
  if (left >= YEAR_MS) return two([left, YEAR_MS, "year"], [left % YEAR_MS, MONTH_MS, "month"]);
  if (left >= MONTH_MS) return two([left, MONTH_MS, "month"], [left % MONTH_MS, DAY_MS, "day"]);
  if (left >= WEEK_MS) return two([left, WEEK_MS, "week"], [left % WEEK_MS, DAY_MS, "day"]);
  if (left >= 2 * DAY_MS) return words(left, DAY_MS, "day");
  if (left >= DAY_MS) return `1 day ${count(left % DAY_MS, HOUR_MS)}h`;
  if (left >= 6 * HOUR_MS) return `${count(left, HOUR_MS)}h`;
  if (left >= HOUR_MS) return `${count(left, HOUR_MS)}h ${count(left % HOUR_MS, MINUTE_MS)}min`;
  if (left >= 5 * MINUTE_MS) return `${count(left, MINUTE_MS)}min`;
  if (left >= MINUTE_MS) return `${count(left, MINUTE_MS)}min ${count(left % MINUTE_MS, SECOND_MS)}s`;
  if (left >= SECOND_MS) return `${count(left, SECOND_MS)}s`;
  return `${Math.floor(left)}ms`;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
const MONTH_MS = 30.4375 * DAY_MS;
const YEAR_MS = 365.25 * DAY_MS;

type Amount = readonly [ms: number, unitMs: number, word: string];

function two(large: Amount, small: Amount): string {
  const rest = words(...small);
  return rest.startsWith("0 ") ? words(...large) : `${words(...large)} ${rest}`;
}

function words(ms: number, unitMs: number, word: string): string {
  const number = count(ms, unitMs);
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

function count(ms: number, unitMs: number): number {
  return Math.floor(ms / unitMs);
}
