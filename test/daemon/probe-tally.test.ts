import { expect, test } from "bun:test";
import { makeUnit } from "../support/units.ts";
import { Rig } from "./rig.ts";

const probe = { initialDelayMs: 0, periodMs: 1000, timeoutMs: 100, failureThreshold: 3, successThreshold: 1 };

test("answers are counted by unit, kind and outcome, also after the process that gave them is gone", async () => {
  const liveness = { ...probe, ask: { tag: "tcp", host: "127.0.0.1", port: 1 } } as const;
  const rig = new Rig(makeUnit("api", { probes: { liveness } }));
  await rig.up("api");
  const { probing, processes } = rig.fakes;
  probing.answer(true);
  rig.advance(1000);
  probing.answer(false);
  rig.advance(1000);
  probing.answer(true);
  processes.exit(processes.newest("api"), 1);
  expect(rig.daemon.probes.counts()).toEqual([
    { unit: "api", kind: "liveness", ok: true, count: 2 },
    { unit: "api", kind: "liveness", ok: false, count: 1 },
  ]);
});

test("an answer about a process that is nobody's any more counts for nobody", () => {
  const rig = new Rig(makeUnit("api"));
  rig.fakes.probing.answered({ invocation: "gone", kind: "liveness", ok: true, detail: "" });
  expect(rig.daemon.probes.counts()).toEqual([]);
});
