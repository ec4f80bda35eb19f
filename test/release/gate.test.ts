import { expect, test } from "bun:test";
import type { Cause } from "../../supervisor/core/cause.ts";
import { fresh, type Phase, type Run, type State } from "../../supervisor/core/state.ts";
import type { UnitState } from "../../supervisor/core/world.ts";
import { fallOf } from "../../supervisor/release/gate.ts";
import { makeUnit } from "../support/units.ts";

const unit = { ...makeUnit("api"), release: "v2" };
const crashed: Cause = { tag: "exited", exit: { by: "code", code: 3 }, clean: false, ready: true };

function run(release: string | null, probes: Run["probes"] = {}): Run {
  const known = {
    exists: true,
    pid: 1,
    announcedAt: 0,
    readyAt: 0,
    says: null,
    errno: null,
    mood: null,
    watchdog: null,
  };
  const program = { life: "i1", generation: 1, at: 0, release };
  return { invocation: "i1", generation: 1, program, orderedAt: 0, ...known, probes };
}

const running = (release: string | null, probes?: Run["probes"]): Phase => ({
  tag: "running",
  run: run(release, probes),
  deadline: Infinity,
});
const entry = (...states: readonly Partial<State>[]): UnitState => ({
  unit,
  target: states.length,
  instances: states.map((state) => ({ ...fresh, wanted: "up", ...state })),
});
const waiting: Partial<State> = { phase: { tag: "waiting", deadline: 1 }, cause: crashed };
const unalive: Cause = { tag: "probe", kind: "liveness", failures: 2, detail: "answered 503" };
const stopping = (next: "waiting"): Phase => ({ tag: "stopping", next, of: null, cleaned: false });
const probe = (verdict: "failing" | "unknown") => ({
  readiness: { at: 1, asked: null, passes: 0, failures: 2, verdict, detail: "answered 503" },
});

test.each<[string, UnitState | null, UnitState | null, string | null]>([
  ["a new program that serves", null, entry({ phase: running("v2") }), null],
  ["one that has ended", entry({ phase: running("v2") }), entry(waiting), "api@1: exited with code 3"],
  ["one of several", entry({}, { phase: running("v2") }), entry({}, waiting), "api@2: exited with code 3"],
  ["one that is given up", entry({ phase: running("v2") }), entry({ phase: { tag: "failed" } }), "api@1: ended"],
  [
    "one that is started again at once",
    entry({ phase: running("v2") }),
    entry({ phase: running("v2"), restarts: 1 }),
    "api@1: ended",
  ],
  [
    "one that is ended because it is not alive",
    entry({ phase: running("v2") }),
    entry({ phase: stopping("waiting"), cause: unalive }),
    "api@1: failed its liveness probe 2 times: answered 503",
  ],
  [
    "an old program that is not alive",
    entry({ phase: running("v1") }),
    entry({ phase: stopping("waiting"), cause: unalive }),
    null,
  ],
  [
    "one that somebody restarts",
    entry({ phase: running("v2") }),
    entry({ phase: stopping("waiting"), cause: { tag: "stopped" } }),
    null,
  ],
  ["an old program that has ended", entry({ phase: running("v1") }), entry(waiting), null],
  ["one of before there were releases that has ended", entry({ phase: running(null) }), entry(waiting), null],
  ["one that had ended before", entry(waiting), entry(waiting), null],
  ["one that is found down by another supervisor", null, entry(waiting), "api@1: exited with code 3"],
  ["one that somebody has stopped", entry({ phase: running("v2") }), entry({ ...waiting, wanted: "down" }), null],
  [
    "a probe of the new program that fails",
    null,
    entry({ phase: running("v2", probe("failing")) }),
    "api@1: its readiness probe answered 503",
  ],
  ["one that has failed too seldom", null, entry({ phase: running("v2", probe("unknown")) }), null],
  ["a probe of the old program that fails", null, entry({ phase: running("v1", probe("failing")) }), null],
  ["a unit that is gone", entry({ phase: running("v2") }), null, null],
])("%s", (_, before, now, expected) => {
  expect(fallOf({ before, now })).toBe(expected);
});
