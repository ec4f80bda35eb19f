import { describe, expect, test } from "bun:test";
import { createHear } from "../../supervisor/daemon/hear.ts";
import type { ProcessEvent } from "../../supervisor/daemon/ports.ts";
import { makeUnit } from "../support/units.ts";
import { Fakes } from "./fakes.ts";

/** What is done about the events, in order: the deeds of the output port and the facts for the core. */
function heard(...events: readonly ProcessEvent[]): readonly unknown[] {
  const fakes = new Fakes();
  const all: unknown[] = fakes.log;
  const hear = createHear({ ...fakes, idleListeners: () => [] }, (fact) => all.push(fact));
  for (const event of events) hear(event);
  return all;
}

const invocation = "i1";

test("our ends of the pipes are closed before a start is told", () => {
  expect(heard({ tag: "spawned", invocation, pid: 7, startTicks: 99 })).toEqual([
    "output started i1",
    { tag: "spawned", invocation, pid: 7 },
  ]);
});

test("and before a start that failed is told", () => {
  const failed = { tag: "spawn-failed", invocation, stage: "exec", code: "ENOENT", message: "gone" } as const;
  expect(heard(failed)).toEqual(["output started i1", failed]);
});

test("what a dead process printed is settled before its exit is told", () => {
  const exited = { tag: "exited", invocation, exit: { by: "code", code: 1 }, survivors: [] } as const;
  expect(heard(exited)).toEqual(["flush i1", exited]);
});

test("what was printed by those whom it had left behind is settled before it is told that none is left", () => {
  expect(heard({ tag: "emptied", invocation })).toEqual(["flush i1", { tag: "emptied", invocation }]);
});

test("READY=1 makes ready, and nothing else does", () => {
  const say = (fields: Readonly<Record<string, string>>): ProcessEvent => ({
    tag: "notified",
    invocation,
    pid: 7,
    fields,
  });
  expect(heard(say({ READY: "1" }))).toEqual([{ tag: "ready", invocation }]);
  expect(heard(say({ READY: "0" }), say({ READY: "" }), say({ STOPPING: "0" }), say({}))).toEqual([]);
});

describe("signs of life", () => {
  const said = (fields: Readonly<Record<string, string>>) => heard({ tag: "notified", invocation, pid: 7, fields });
  const alive = (everyMs: number | null) => ({ tag: "alive", invocation, everyMs });

  test("WATCHDOG=1 is one, and WATCHDOG=trigger says that it hangs", () => {
    expect(said({ WATCHDOG: "1" })).toEqual([alive(null)]);
    expect(said({ WATCHDOG: "trigger" })).toEqual([{ tag: "hung", invocation }]);
  });

  test("WATCHDOG_USEC is one that names a limit, in microseconds; 0 ends the watch", () => {
    expect(said({ WATCHDOG_USEC: "2500000" })).toEqual([alive(2_500)]);
    expect(said({ WATCHDOG_USEC: "1500" })).toEqual([alive(1.5)]);
    expect(said({ WATCHDOG_USEC: "0" })).toEqual([alive(0)]);
    expect(said({ WATCHDOG: "1", WATCHDOG_USEC: "1000" })).toEqual([alive(1)]);
  });

  test("READY is told before the limit that the watch begins with", () => {
    expect(said({ WATCHDOG_USEC: "1000", READY: "1" })).toEqual([{ tag: "ready", invocation }, alive(1)]);
  });

  const nonsense = ["", " ", "-1", "+1", "1.5", "1e9", "0x10", "infinity", "1 s", "1\n", "NaN", "9".repeat(16), "١"];
  test.each(nonsense)("WATCHDOG_USEC=%j says nothing, nor does it as WATCHDOG or EXTEND_TIMEOUT_USEC", (text) => {
    expect(said({ WATCHDOG_USEC: text, WATCHDOG: text, EXTEND_TIMEOUT_USEC: text })).toEqual([]);
    expect(said({ WATCHDOG_USEC: text, WATCHDOG: "1" })).toEqual([alive(null)]);
  });

  test.each(["0", "2", "true", "TRIGGER", "trigger "])("WATCHDOG=%j is none", (text) => {
    expect(said({ WATCHDOG: text })).toEqual([]);
  });

  test("EXTEND_TIMEOUT_USEC asks for more time, and 0 asks for nothing", () => {
    expect(said({ EXTEND_TIMEOUT_USEC: "3000000" })).toEqual([{ tag: "extend", invocation, byMs: 3_000 }]);
    expect(said({ EXTEND_TIMEOUT_USEC: "0" })).toEqual([]);
    expect(said({ EXTEND_TIMEOUT_USEC: "9".repeat(15) })).toEqual([
      { tag: "extend", invocation, byMs: 999999999999.999 },
    ]);
  });
});

test("STATUS is told before READY, and cut at 500 characters", () => {
  const fields = { READY: "1", STATUS: "x".repeat(501) };
  expect(heard({ tag: "notified", invocation, pid: 7, fields })).toEqual([
    { tag: "says", invocation, text: "x".repeat(500), errno: null },
    { tag: "ready", invocation },
  ]);
});

test("an empty STATUS takes the words back", () => {
  expect(heard({ tag: "notified", invocation, pid: 7, fields: { STATUS: "" } })).toEqual([
    { tag: "says", invocation, text: "", errno: null },
  ]);
});

test("RELOADING=1 and STOPPING=1 are its mood, and an ERRNO= belongs to its status", () => {
  const say = (fields: Readonly<Record<string, string>>): ProcessEvent => ({
    tag: "notified",
    invocation,
    pid: 7,
    fields,
  });
  expect(heard(say({ RELOADING: "1", MONOTONIC_USEC: "1" }), say({ STOPPING: "1" }))).toEqual([
    { tag: "mood", invocation, mood: "reloading" },
    { tag: "mood", invocation, mood: "stopping" },
  ]);
  expect(heard(say({ STATUS: "no disk", ERRNO: "28" }), say({ ERRNO: "2" }), say({ ERRNO: "x" }))).toEqual([
    { tag: "says", invocation, text: "no disk", errno: 28 },
    { tag: "says", invocation, text: null, errno: 2 },
  ]);
});

test("what the process of a probe says is not told to the core", () => {
  const probe = `${invocation}.probe-liveness`;
  expect(heard({ tag: "exited", invocation: probe, exit: { by: "code", code: 0 }, survivors: [] })).toEqual([]);
});

test("what was lent to a life is taken back when the last of its processes is gone", () => {
  const fakes = new Fakes();
  fakes.privates.open(invocation);
  fakes.credentials.open(makeUnit("api", { service: { loadCredential: { db: "/etc/db" } } }), 1, invocation, null);
  fakes.log.length = 0;
  const hear = createHear({ ...fakes, idleListeners: () => [] }, () => {});
  hear({ tag: "exited", invocation, exit: { by: "code", code: 0 }, survivors: [{ pid: 8, command: "child" }] });
  expect(fakes.log).toEqual(["flush i1"]);
  hear({ tag: "emptied", invocation });
  expect(fakes.log.slice(1)).toEqual(["flush i1", "credentials of i1 removed", "private listener of i1 closed"]);
});
