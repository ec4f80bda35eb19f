import { expect, test } from "bun:test";
import { groupNameOf } from "../../supervisor/host/group-place.ts";
import type { Entry } from "../../supervisor/host/ledger.ts";
import { revive } from "../../supervisor/host/past.ts";

const NOWHERE = { folder: "/nowhere", name: "/nowhere" };
/** No process has such a number. Source: proc_sys_kernel(5), pid_max. */
const NOBODY = 2 ** 22 + 1;
const descriptors = { stdout: null, stderr: null, notify: null };
const entry: Entry = {
  invocation: "1".repeat(32),
  keeper: "api@1",
  listeners: [],
  leader: { pid: process.pid, startTicks: 1 },
  notifyPath: null,
  storeMax: 0,
  uid: null,
  pipes: [],
  group: NOWHERE,
};
const ended = { ...entry, leader: { pid: NOBODY, startTicks: 1 } };

test("whoever was not yet brought into the group of its invocation is brought there now", () => {
  const past = { entry, pids: [process.pid], descriptors };
  expect(revive(past, null, null)?.membership).toMatchObject({ group: NOWHERE, joinsItself: false });
  const own = { folder: "/somewhere", name: groupNameOf("self") ?? "/" };
  const inside = { ...past, entry: { ...entry, group: own } };
  expect(revive(inside, null, null)?.membership).toMatchObject({ group: own, joinsItself: true });
});

test("what was started and has ended before that was noted is not taken for something that never ran", () => {
  expect(revive({ entry: ended, pids: [], descriptors }, null, null)).toMatchObject({ main: null });
  expect(revive({ entry: { ...ended, leader: null }, pids: [], descriptors }, null, null)).toBeNull();
  expect(revive({ entry: ended, pids: [], descriptors }, NOBODY, null)).toBeNull();
});
