import { describe, expect, test } from "bun:test";
import type { Cause } from "../../supervisor/core/cause.ts";
import type { Report } from "../../supervisor/core/effect.ts";
import type { HandoverEnd, Phase } from "../../supervisor/core/state.ts";
import { type Level, tell, told } from "../../supervisor/daemon/happening.ts";

const whom = { unit: "api", instance: 2 };
const one = { invocation: "i7", generation: 3 };
const crash: Cause = { tag: "exited", exit: { by: "code", code: 3 }, clean: false, ready: true };
const end = (result: HandoverEnd["result"], cause: Cause | null): HandoverEnd => ({
  ticket: 1,
  rollout: 0,
  back: false,
  result,
  cause,
  invocation: "i7",
  readyMs: 1,
  drainMs: null,
});
const ended = (result: HandoverEnd["result"], cause: Cause | null): Report => ({
  tag: "handover-ended",
  end: end(result, cause),
  generation: 3,
});

type Row = readonly [Level, event: string, text: string, why: string | null, Report];
const rows: readonly Row[] = [
  ["info", "service.ready", "ready after 17 ms", null, { tag: "ready", ...one, afterMs: 17.4 }],
  [
    "debug",
    "service.exited",
    "exited with code 3",
    "exited with code 3",
    { tag: "exited", ...one, pid: 7, cause: crash },
  ],
  [
    "warn",
    "service.survivors",
    "left behind in its group: sh (pid 8), sleep (pid 9)",
    "sh (pid 8), sleep (pid 9)",
    {
      tag: "survived",
      invocation: "i7",
      survivors: [
        { pid: 8, command: "sh" },
        { pid: 9, command: "sleep" },
      ],
    },
  ],
  [
    "warn",
    "service.survivors",
    "left behind in its group: somebody",
    "somebody",
    { tag: "survived", invocation: "i7", survivors: [{ pid: 0, command: "somebody" }] },
  ],
  ["warn", "service.restart-due", "restart 2 in 400 ms", null, { tag: "restart-due", inMs: 399.6, attempt: 2 }],
  [
    "info",
    "handover.began",
    "generation 3 is started beside it",
    null,
    { tag: "handover-began", ticket: 1, backTo: null, ...one },
  ],
  [
    "info",
    "handover.began",
    "generation 3 is started beside it, as generation 1 was",
    null,
    { tag: "handover-began", ticket: 1, backTo: 1, ...one },
  ],
  ["info", "handover.done", "generation 3 has taken over", null, ended("done", null)],
  [
    "error",
    "handover.kept-old",
    "the old generation stays: generation 3 exited with code 3",
    "exited with code 3",
    ended("kept-old", crash),
  ],
  [
    "error",
    "handover.kept-old",
    "cannot go back, the newer program stays: generation 3 exited with code 3",
    "exited with code 3",
    { ...ended("kept-old", crash), end: { ...end("kept-old", crash), back: true } } as Report,
  ],
  [
    "error",
    "handover.failed",
    "the handover has failed: generation 3 was stopped",
    "was stopped",
    ended("failed", { tag: "stopped" }),
  ],
  [
    "info",
    "handover.draining",
    "generation 3 drains, at most 1.5 s",
    null,
    { tag: "draining", ...one, limitMs: 1_500 },
  ],
  [
    "info",
    "handover.drained",
    "generation 3 drained in 4 ms",
    null,
    { tag: "drained", ...one, pid: 7, afterMs: 4.2, killed: false },
  ],
  [
    "warn",
    "handover.drain-killed",
    "generation 3 was killed after 30000 ms",
    null,
    { tag: "drained", ...one, pid: 7, afterMs: 30_000, killed: true },
  ],
  [
    "warn",
    "service.over-limit",
    "not drained within 30 s: killed",
    "not drained within 30 s: killed",
    { tag: "over-limit", ...one, purpose: "drain", limitMs: 30_000 },
  ],
  [
    "warn",
    "service.over-limit",
    "not stopped within 2 s: killed",
    "not stopped within 2 s: killed",
    { tag: "over-limit", ...one, purpose: "stop", limitMs: 2_000 },
  ],
  ["error", "service.abandoned", "does not end and is given up", null, { tag: "abandoned", ...one }],
];

test.each(rows.map(([, , text, , report]) => [text, report] as const))("what is told: %s", (text, report) => {
  const row = rows.find((each) => each[4] === report);
  expect(tell(whom, report)).toEqual({
    level: row?.[0] ?? "debug",
    event: row?.[1] ?? "",
    text,
    unit: "api",
    instance: 2,
    invocation: "invocation" in report ? report.invocation : null,
    generation: "generation" in report ? report.generation : null,
    from: null,
    to: null,
    why: row?.[3] ?? null,
    cause: "cause" in report ? brokeDown : report.tag === "handover-ended" ? causeOf(report.end) : null,
    duration_ms: "afterMs" in report ? Math.round(report.afterMs) : report.tag === "restart-due" ? 400 : null,
  });
});

const brokeDown = { tag: "exit", code: 3, ready: true, because: [] } as const;
const causeOf = (ended: HandoverEnd) => {
  if (ended.cause === null) return null;
  return ended.cause.tag === "stopped" ? ({ tag: "stopped", because: [] } as const) : brokeDown;
};

describe("a move", () => {
  const loud: Readonly<Record<Phase["tag"], Level>> = {
    inactive: "info",
    starting: "debug",
    running: "debug",
    replacing: "debug",
    soaking: "debug",
    stopping: "info",
    waiting: "debug",
    finished: "info",
    failed: "error",
  };
  test.each(Object.entries(loud))("to %s is told at level %s, with where from, where to and why", (to, level) => {
    const move = { tag: "moved", from: "running", to: to as Phase["tag"], cause: crash, invocation: "i7" } as const;
    expect(tell(whom, move)).toEqual({
      level,
      event: `service.${to}`,
      text: `${to}: exited with code 3`,
      unit: "api",
      instance: 2,
      invocation: "i7",
      generation: null,
      from: "running",
      to,
      why: "exited with code 3",
      cause: brokeDown,
      duration_ms: null,
    });
  });

  test("without a cause is its phase alone", () => {
    const move = { tag: "moved", from: "starting", to: "running", cause: null, invocation: null } as const;
    expect(tell(whom, move)).toMatchObject({ text: "running", why: null, invocation: null });
  });
});

test("what concerns the supervisor itself names no unit", () => {
  expect(told("warn", "config.reloaded", "read again")).toEqual({
    level: "warn",
    event: "config.reloaded",
    text: "read again",
    unit: null,
    instance: null,
    invocation: null,
    generation: null,
    from: null,
    to: null,
    why: null,
    cause: null,
    duration_ms: null,
  });
});
