import assert from "node:assert/strict";
import { accessSync, constants, writeFileSync } from "node:fs";
import type { Case } from "../../support/case.ts";
import { type Child, type Rig, withRig } from "./rig.ts";

const LAST_PID = "/proc/sys/kernel/ns_last_pid";
const MOST_TRIES = 50;

/** What a number means that was another process' before. Tried only where the kernel lets us choose the next one. */
export const reuseCases: readonly Case[] = [
  {
    promise: "B13: who has got the number of a process that is gone hears no signal of that one's",
    run: () => (canChoose() ? withRig(reused) : Promise.resolve()),
  },
];

function canChoose(): boolean {
  try {
    accessSync(LAST_PID, constants.W_OK);
    return true;
  } catch {
    return false; // not root, or in a container
  }
}

async function reused(rig: Rig): Promise<void> {
  const first = rig.spawn(["true"]);
  await first.until("exited");
  const second = sleepWith(rig, first.pid);
  for (const scope of ["main", "group"] as const) rig.processes.signal(first.invocation, "SIGKILL", scope);
  rig.processes.signal(second.invocation, "SIGTERM", "main");
  assert.deepEqual((await second.until("exited")).exit, { by: "signal", signal: "SIGTERM", core: false });
}

/** A process with this very number, unless others were faster each time. */
function sleepWith(rig: Rig, pid: number): Child {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    writeFileSync(LAST_PID, String(pid - 1));
    const child = rig.spawn(["sleep", "100"]);
    if (child.pid === pid) return child;
    rig.processes.signal(child.invocation, "SIGKILL", "group");
  }
  throw new Error(`${pid} could not be had again`);
}
