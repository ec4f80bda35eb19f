import { expect, test } from "bun:test";
import { createHear } from "../../supervisor/daemon/hear.ts";
import type { ProcessEvent } from "../../supervisor/daemon/ports.ts";
import { Fakes } from "./fakes.ts";

/** What is done about the events, in order: the deeds of the output port and the facts for the core. */
function heard(...events: readonly ProcessEvent[]): readonly unknown[] {
  const { log, outputs } = new Fakes();
  const all: unknown[] = log;
  const hear = createHear(outputs, (fact) => all.push(fact));
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

test("an emptied group is told as it is", () => {
  expect(heard({ tag: "emptied", invocation })).toEqual([{ tag: "emptied", invocation }]);
});

test("READY=1 makes ready, and nothing else does", () => {
  const say = (fields: Readonly<Record<string, string>>): ProcessEvent => ({
    tag: "notified",
    invocation,
    pid: 7,
    fields,
  });
  expect(heard(say({ READY: "1" }))).toEqual([{ tag: "ready", invocation }]);
  expect(heard(say({ READY: "0" }), say({ READY: "" }), say({ STOPPING: "1" }), say({}))).toEqual([]);
});

test("STATUS is told before READY, and cut at 500 characters", () => {
  const fields = { READY: "1", STATUS: "x".repeat(501) };
  expect(heard({ tag: "notified", invocation, pid: 7, fields })).toEqual([
    { tag: "says", invocation, text: "x".repeat(500) },
    { tag: "ready", invocation },
  ]);
});

test("an empty STATUS takes the words back", () => {
  expect(heard({ tag: "notified", invocation, pid: 7, fields: { STATUS: "" } })).toEqual([
    { tag: "says", invocation, text: "" },
  ]);
});
