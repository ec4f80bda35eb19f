import assert from "node:assert/strict";
import process from "node:process";
import { type HaltSignal, hearHalt } from "../../../supervisor/host/halt-signal.ts";
import { libc } from "../../../supervisor/host/libc.ts";
import type { Case } from "../../support/case.ts";
import { openDescriptors, type Rig, withRig } from "./rig.ts";

const HALT = 37;

export const haltSignalCases: readonly Case[] = [
  { promise: "SIGRTMIN+3 is heard, each time, and not any more after close", run: () => withRig(heardEachTime) },
  {
    promise: "SIGRTMIN+3 cannot be heard while descriptor 37 is somebody else's, and that stays open",
    run: () => withRig(taken),
  },
];

async function heardEachTime(rig: Rig): Promise<void> {
  const before = openDescriptors();
  let count = 0;
  const halt = hearHalt(rig.reactor, () => {
    count++;
    rig.wake();
  }) as HaltSignal;
  for (const times of [1, 2, 3]) {
    libc.kill(process.pid, HALT);
    await rig.until(`SIGRTMIN+3 is heard ${times} times`, () => count === times);
  }
  halt.close();
  assert.ok(openDescriptors() <= before, "a descriptor is left");
  // Its default action would end this process.
  libc.kill(process.pid, HALT);
  const again = hearHalt(rig.reactor, () => rig.wake()) as HaltSignal;
  assert.notEqual(again, null);
  again.close();
  assert.equal(count, 3);
}

async function taken(rig: Rig): Promise<void> {
  assert.equal(libc.dup3(0, HALT, 0), HALT);
  assert.equal(
    hearHalt(rig.reactor, () => undefined),
    null,
  );
  assert.equal(libc.close(HALT), 0);
}
