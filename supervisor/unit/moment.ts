import { parseSpan } from "./span.ts";

/**
 * Reads a moment as journalctl takes it, against the time that it is now. `null` when it is none.
 * Shape: "2026-11-21 10:00:00", "2026-11-21", "10:00" (today), RFC 3339, "@1764000000", "10 min ago", "-1h", "+5s", "now",
 * "today", "yesterday", "tomorrow"; "UTC" after a date or a time.
 * Units: milliseconds since 1970. Without a zone it is the machine's.
 * Source: systemd.time(7), "Parsing timestamps".
 */
export function parseMoment(raw: string, now: Date): number | null {
  const text = raw.trim();
  if (text === "now") return now.getTime();
  const days = DAYS.get(text);
  if (days !== undefined) return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days).getTime();
  if (/^@\d+(\.\d+)?$/.test(text)) return Math.round(Number(text.slice(1)) * 1000);
  return parseRelative(text, now) ?? parseAbsolute(text, now);
}

const DAYS: ReadonlyMap<string, number> = new Map([
  ["today", 0],
  ["yesterday", -1],
  ["tomorrow", 1],
]);

function parseRelative(text: string, now: Date): number | null {
  const [, before, sign, after] = /^(?:(\S.*?)\s+ago|([-+])\s*(.+))$/.exec(text) ?? [];
  const span = before ?? after;
  const spanMs = span === undefined ? null : parseSpan(span);
  if (spanMs === null || spanMs === Infinity) return null;
  return Math.round(now.getTime() + (sign === "+" ? spanMs : -spanMs));
}

const DATE = /(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?(\d{4})-(\d\d)-(\d\d)/.source;
const TIME = /(\d{1,2}):(\d\d)(?::(\d\d)(\.\d{1,9})?)?/.source;
const ZONE = /\s*(z|utc|[-+]\d\d:?\d\d)/.source;
const ABSOLUTE = new RegExp(`^(?:${DATE})?(?:(?:^|[t\\s]\\s*)${TIME})?(?:${ZONE})?$`, "i");

function parseAbsolute(text: string, now: Date): number | null {
  const found = ABSOLUTE.exec(text);
  if (!found || (found[1] === undefined && found[4] === undefined)) return null;
  const [year, month, day, hour = 0, minute = 0, second = 0] = found
    .slice(1, 7)
    .map((part) => (part === undefined ? undefined : Number(part)));
  const zone = found[8];
  const [thisYear, thisMonth, thisDay] =
    zone === undefined
      ? [now.getFullYear(), now.getMonth() + 1, now.getDate()]
      : [now.getUTCFullYear(), now.getUTCMonth() + 1, now.getUTCDate()];
  const date = [year ?? thisYear, (month ?? thisMonth) - 1, day ?? thisDay] as const;
  if (hour > 23 || minute > 59 || second > 60 || !exists(...date)) return null;
  const fractionMs = Math.floor(Number(found[7] ?? 0) * 1000);
  if (zone === undefined) return new Date(...date, hour, minute, second, fractionMs).getTime();
  return Date.UTC(...date, hour, minute, second, fractionMs) - eastMs(zone);
}

/** Whether the calendar has the day: there is no 30th of February. */
function exists(year: number, monthFromZero: number, day: number): boolean {
  const date = new Date(Date.UTC(year, monthFromZero, day));
  return date.getUTCMonth() === monthFromZero && date.getUTCDate() === day;
}

/** Shape: "Z", "utc" → 0; "+02:00" → 7200000. */
function eastMs(zone: string): number {
  const [, sign, hours, minutes] = /^([-+])(\d\d):?(\d\d)$/.exec(zone) ?? [];
  if (sign === undefined) return 0;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}
