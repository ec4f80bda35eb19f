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
  const { gone, child } = await withSameNumber(rig);
  for (const scope of ["main", "group"] as const) rig.processes.signal(gone.invocation, "SIGKILL", scope);
  rig.processes.signal(child.invocation, "SIGTERM", "main");
  assert.deepEqual((await child.until("exited")).exit, { by: "signal", signal: "SIGTERM", core: false });
}

/** A process that is gone, and one that has its number. Anybody on the machine may be faster, and stay: then it is another number's turn. */
async function withSameNumber(rig: Rig): Promise<Readonly<{ gone: Child; child: Child }>> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const gone = rig.spawn(["true"]);
    await gone.until("exited");
    writeFileSync(LAST_PID, String(gone.pid - 1));
    const child = rig.spawn(["sleep", "100"]);
    if (child.pid === gone.pid) return { gone, child };
    rig.processes.signal(child.invocation, "SIGKILL", "group");
    await child.until("exited");
  }
  throw new Error(`none of ${MOST_TRIES} numbers could be had again`);
}
