import { expect, test } from "bun:test";
import { renderWhy } from "../../../supervisor/cli/render/why.ts";
import type { Why, WhyEntry } from "../../../supervisor/unit/why.ts";

const now = new Date(2026, 0, 6, 10, 2, 3);
const clock = (text: string): string => new Date(`2026-01-06T${text}`).toISOString();
const life = clock("09:00:00");

const entry = (time: string, event: string, more: Partial<WhyEntry> = {}): WhyEntry => ({
  ...{ life, at: clock(time), event, instance: 1, invocation: null, generation: null, pid: null, from: null, to: null },
  ...{ why: null, text: event, cause: null, duration_ms: null, output: [] },
  ...more,
});
const exit = { tag: "exit", code: 3, ready: true, because: [] } as const;

const why = (...entries: readonly WhyEntry[]): Why => ({
  name: "api",
  active_state: "active",
  sub_state: "running",
  since: clock("10:00:03"),
  generation: 3,
  life,
  entries,
});

const render = (...entries: readonly WhyEntry[]): readonly string[] =>
  renderWhy(why(...entries), { width: Infinity, now })
    .trimEnd()
    .split("\n");

test("a crash is one story, newest first", () => {
  expect(
    render(
      entry("10:00:03", "service.ready", { text: "ready after 17 ms" }),
      entry("10:00:03", "service.starting", { from: "waiting", why: "attempt 2 of a burst of 5" }),
      entry("10:00:02", "service.restart-due", { text: "restart 1 in 100 ms" }),
      entry("10:00:02", "service.stopping", { cause: exit, why: "exited with code 3" }),
      entry("10:00:02", "service.exited", { cause: exit, why: "exited with code 3", output: ["a", "boom\x1b[31m"] }),
      entry("09:58:00", "service.starting", { from: "inactive", why: "start by root (pid 41: supervisor start api)" }),
    ),
  ).toEqual([
    "api  active since 10:00:03 (2min 0s ago), generation 3",
    "  10:00:03  ready after 17 ms",
    "  10:00:03  started again, attempt 2 of a burst of 5",
    "  10:00:02  exited with code 3 (last output: boom�[31m)",
    "  09:58:00  started: start by root (pid 41: supervisor start api)",
  ]);
});

test("a pause that is not over, stops, and what has no words of its own", () => {
  expect(
    render(
      entry("10:00:05", "service.restart-due", { text: "restart 1 in 100 ms" }),
      entry("10:00:04", "service.inactive", { from: "stopping" }),
      entry("10:00:03", "service.inactive", { from: "waiting", why: "stop by root" }),
      entry("10:00:02", "service.stopping", { why: "redis (binds_to) exited with code 1" }),
      entry("10:00:01", "service.inactive", { from: "failed", why: "reset-failed by root" }),
      entry("10:00:00", "service.starting", { from: "inactive" }),
    ).slice(1),
  ).toEqual([
    "  10:00:05  restart 1 in 100 ms",
    "  10:00:04  stopped",
    "  10:00:03  stopped: stop by root",
    "  10:00:02  stopping: redis (binds_to) exited with code 1",
    "  10:00:01  reset-failed by root",
    "  10:00:00  started",
  ]);
});

test("lives of the supervisor are told apart, days too", () => {
  const before = { life: new Date(2026, 0, 5, 8).toISOString(), at: new Date(2026, 0, 5, 9, 1, 2).toISOString() };
  expect(render(entry("10:00:00", "a"), entry("09:59:00", "b", before)).slice(1)).toEqual([
    "  10:00:00  a",
    "  09:00:00  supervisor restarted",
    "  2026-01-05 09:01:02  b",
  ]);
  expect(render(entry("09:59:00", "b", before)).slice(1)).toEqual([
    "  09:00:00  supervisor restarted",
    "  2026-01-05 09:01:02  b",
  ]);
});

test("several instances are told apart, and a line fits the terminal", () => {
  expect(render(entry("10:00:00", "a"), entry("10:00:00", "b", { instance: 2 })).slice(1)).toEqual([
    "  10:00:00  @1  a",
    "  10:00:00  @2  b",
  ]);
  const narrow = renderWhy(why(entry("10:00:00", "a long story")), { width: 16, now });
  expect(narrow.split("\n")[1]).toBe("  10:00:00  a l…");
});

test("a unit that nothing happened to says so", () => {
  expect(render().slice(1)).toEqual(["  nothing has happened to it yet"]);
});

test("so many things are told as were asked for, though others tell nothing of their own", () => {
  const restart = [
    entry("10:00:03", "service.starting", { from: "waiting", why: "attempt 2 of a burst of 5" }),
    entry("10:00:02", "service.restart-due"),
    entry("10:00:01", "service.stopping", { cause: exit, why: "exited with code 3" }),
    entry("10:00:01", "service.exited", { cause: exit, why: "exited with code 3" }),
    entry("10:00:00", "service.ready"),
  ];
  const told = (most: number) =>
    renderWhy(why(...restart), { width: Infinity, now, most })
      .trimEnd()
      .split("\n")
      .slice(1);
  expect(told(2)[1]).toEndWith("exited with code 3");
  expect([told(0).length, told(2).length, told(3).length]).toEqual([0, 2, 3]);
});
