import assert from "node:assert/strict";
import { createManager } from "../../../supervisor/host/manager.ts";
import { createNotifySockets, type Notice } from "../../../supervisor/host/notify.ts";
import type { Case } from "../../support/case.ts";
import { withRig } from "./rig.ts";

/** Longer than any test, shorter than what a timer holds. Units: microseconds. */
const LONG_US = 1_000_000_000;

export const managerCases: readonly Case[] = [
  {
    promise: "systemd's watchdog hears a sign of life at once: half its interval may have gone by before a re-exec",
    run: async () => {
      assert.deepEqual(await heardWith({ WATCHDOG_USEC: `${LONG_US}` }), [{ READY: "1" }, { WATCHDOG: "1" }]);
      assert.deepEqual(await heardWith({ WATCHDOG_USEC: `${LONG_US}`, WATCHDOG_PID: "1" }), [{ READY: "1" }]);
      assert.deepEqual(await heardWith({}), [{ READY: "1" }]);
    },
  },
];

/** What a manager with these variables is told of one that is ready, and is watched from then on. */
async function heardWith(env: Readonly<Record<string, string>>): Promise<readonly Notice["fields"][]> {
  const heard: Notice["fields"][] = [];
  await withRig(async (rig) => {
    const sockets = createNotifySockets(rig.reactor, rig.dir);
    const owner = { believes: () => true, heard: ({ fields }: Notice) => heard.push(fields), uid: null };
    const socket = sockets.open("manager", owner);
    const manager = createManager({ ...env, NOTIFY_SOCKET: socket.path });
    manager.tell({ READY: "1" });
    manager.watch();
    socket.hear();
    manager.close();
    socket.close();
    sockets.close();
  });
  return heard;
}
