import { expect, test } from "bun:test";
import { parseMoment } from "../../supervisor/unit/moment.ts";

/** In the zone of the machine, whichever that is. */
const now = new Date(2026, 10, 21, 10, 20, 30, 400);
const local = (...parts: [number, number, number, number?, number?, number?, number?]): number => {
  const [year, month, day, hour = 0, minute = 0, second = 0, ms = 0] = parts;
  return new Date(year, month - 1, day, hour, minute, second, ms).getTime();
};

test.each<[string, number]>([
  ["now", now.getTime()],
  ["today", local(2026, 11, 21)],
  ["yesterday", local(2026, 11, 20)],
  ["tomorrow", local(2026, 11, 22)],
  ["2026-11-21", local(2026, 11, 21)],
  ["2026-11-21 10:00", local(2026, 11, 21, 10)],
  ["2026-11-21 10:00:05", local(2026, 11, 21, 10, 0, 5)],
  ["2026-11-21 10:00:05.25", local(2026, 11, 21, 10, 0, 5, 250)],
  ["Sat 2026-11-21 10:00:05", local(2026, 11, 21, 10, 0, 5)],
  ["9:05", local(2026, 11, 21, 9, 5)],
  ["2026-11-21T10:00:00Z", Date.UTC(2026, 10, 21, 10)],
  ["2026-11-21T10:00:00.123456Z", Date.UTC(2026, 10, 21, 10, 0, 0, 123)],
  ["2026-11-21T10:00:00+02:00", Date.UTC(2026, 10, 21, 8)],
  ["2026-11-21 10:00:00 UTC", Date.UTC(2026, 10, 21, 10)],
  ["2026-11-21 UTC", Date.UTC(2026, 10, 21)],
  ["@1764000000.5", 1_764_000_000_500],
  ["10 min ago", now.getTime() - 600_000],
  ["1h 30min ago", now.getTime() - 5_400_000],
  ["-1h", now.getTime() - 3_600_000],
  ["+5s", now.getTime() + 5000],
  [" now ", now.getTime()],
])("%p is a moment", (text, wanted) => {
  expect(parseMoment(text, now)).toBe(wanted);
});

test.each([
  ...["", "ago", "-", "soon", "10min", "2026", "2026-13-01", "2026-02-30", "25:00", "10:60", "2026-11-2110:00"],
  ...["infinity ago", "2026-11-21 10:00:00 CET", "UTC", "@x", "--1h"],
])("%p is none", (text) => {
  expect(parseMoment(text, now)).toBeNull();
});
