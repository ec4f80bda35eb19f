import assert from "node:assert/strict";
import process from "node:process";
import type { Case } from "../../support/case.ts";
import { eventually } from "../../support/eventually.ts";
import { type Child, type Rig, withRig } from "./rig.ts";

const LIMIT_MS = 10_000;

export const treeCases: readonly Case[] = [
  {
    promise: "the tree of an invocation holds its children, whoever left its session, and nobody else",
    run: () => withRig(children),
  },
  {
    promise: "an orphan of the session stays in the tree, and an invocation that is over has none",
    run: () => withRig(orphan),
  },
];

/** Waits without a clock: the children say when they are there. */
async function children(rig: Rig): Promise<void> {
  const stranger = rig.shell("echo there; exec sleep 100");
  const child = rig.shell("sleep 100 & setsid sh -c 'echo there; sleep 101; :' & wait");
  await stranger.untilPrinted("there");
  await child.untilPrinted("there");
  const shown = await eventually(
    () => {
      const found = rig.processes.tree(child.invocation);
      // The kernel counts a page some time after it was taken.
      const isCounted = found.every(({ memory_bytes }) => memory_bytes > 0);
      return isCounted && found.filter(({ command }) => /^sleep 10[01]$/.test(command)).length === 2 && found;
    },
    LIMIT_MS,
    "both sleep",
  );
  const pidOf = (start: string): number => shown.find(({ command }) => command.startsWith(start))?.pid ?? -1;
  const parentOf = (start: string): number => shown.find(({ command }) => command.startsWith(start))?.ppid ?? -1;
  // Who has left the session is not ended with the rest.
  process.kill(pidOf("sleep 101"), "SIGKILL");
  assert.equal(shown.length, 4, JSON.stringify(shown));
  assert.deepEqual([parentOf("sleep 100"), parentOf("sh -c echo")], [child.pid, child.pid]);
  assert.equal(parentOf("sleep 101"), pidOf("sh -c echo"));
  for (const { tasks, cpu_seconds } of shown) {
    assert.equal(tasks, 1);
    assert.ok(cpu_seconds >= 0);
  }
}

async function orphan(rig: Rig): Promise<void> {
  const child: Child = rig.shell("(sleep 100 & echo made); wait; exec sleep 102");
  await child.untilPrinted("made");
  const shown = await eventually(
    () => {
      const found = rig.processes.tree(child.invocation);
      return found.length === 2 && found.every(({ command }) => command.startsWith("sleep ")) && found;
    },
    LIMIT_MS,
    "the orphan sleeps",
  );
  const lost = shown.find(({ command }) => command === "sleep 100");
  assert.notEqual(lost?.ppid, child.pid);
  rig.processes.signal(child.invocation, "SIGKILL", "group");
  await child.gone();
  assert.deepEqual(rig.processes.tree(child.invocation), []);
}
