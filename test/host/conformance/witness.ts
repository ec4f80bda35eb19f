import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import process from "node:process";
import type { Holder, Listener, Testimony } from "../../../supervisor/daemon/ports.ts";
import { createListeners } from "../../../supervisor/host/listener.ts";
import { createOpenListeners } from "../../../supervisor/host/open-listeners.ts";
import { createSpeakers } from "../../../supervisor/host/speakers.ts";
import { createWitness } from "../../../supervisor/host/witness.ts";
import type { BindableSocket } from "../../../supervisor/unit/unit.ts";
import { socketOf } from "../../daemon/socket-of.ts";
import type { Case } from "../../support/case.ts";
import { eventually } from "../../support/eventually.ts";
import { program } from "../../support/unit-text.ts";
import { type Child, openDescriptors, type Rig, withRig } from "./rig.ts";

const LIMIT_MS = 30_000;
const bun = new URL("../../../node_modules/.bin/bun", import.meta.url).pathname;
const blocks = (how: string) => [bun, program("blocks.ts"), how, "3"] as const;

export const witnessCases: readonly Case[] = [
  {
    promise: "who waits in accept(2), poll(2) or epoll accepts; who sleeps or waits for a child is idle",
    run: () => withRig(doings),
  },
  { promise: "who has taken a connection may take another, and those that wait are counted", run: () => withRig(busy) },
  { promise: "a process that a signal has stopped, and a port of its own, are seen", run: () => withRig(stopped) },
  {
    promise: "who said READY beside the main process is missed once it is gone, a mere helper is not",
    run: () => withRig(speakers),
  },
];

/** A listener that is lent, and a look at it. */
function scene(rig: Rig) {
  const listeners = createOpenListeners(createListeners());
  const opened = listeners.open("unit", socketOf("http") as BindableSocket);
  if (!opened.ok) throw new Error(opened.faults[0].message);
  const listener: Listener = opened.value;
  const witness = createWitness(listeners, createSpeakers());
  const lent = { listeners: [{ name: listener.name, fd: listener.fd }] };
  const look = (...children: readonly Child[]): Testimony =>
    witness.look(
      "unit",
      children.flatMap(({ invocation }) => rig.processes.tree(invocation).map(({ pid }) => pid)),
    );
  const doing = (child: Child): Holder["does"] | undefined =>
    look(child).sights[0]?.holders.find(({ pid }) => pid === child.pid)?.does;
  return { listener, lent, look, doing, close: () => listeners.close(listener) };
}

async function doings(rig: Rig): Promise<void> {
  const { lent, doing, look, close } = scene(rig);
  const before = openDescriptors();
  const cases = [
    [rig.spawn(blocks("poll"), lent), "accepts"],
    [rig.spawn(blocks("accept"), lent), "accepts"],
    [rig.spawn([bun, program("accepts-on.ts"), "3"], lent), "accepts"],
    [rig.shell("exec sleep 100", lent), "idle"],
    [rig.shell("sleep 100; :", lent), "idle"],
    [rig.shell("while :; do :; done", lent), "unknown"],
    [rig.shell("exec 3<&-; exec sleep 100", lent), undefined],
  ] as const;
  for (const [at, [child, does]] of cases.entries()) {
    await child.until("spawned");
    await eventually(
      () => doing(child) === does || null,
      LIMIT_MS,
      `process ${at} ${does}`,
      () => doing(child),
    );
  }
  const strangers = look().sights[0]?.holders.filter(({ does }) => does === "accepts") ?? [];
  assert.equal(strangers.length, 3);
  assert.ok(!strangers.some(({ pid }) => pid === process.pid));
  assert.equal(openDescriptors() - before, cases.length * 2);
  close();
}

/** It accepts one connection, then sleeps: as a program that serves one after the other. */
async function busy(rig: Rig): Promise<void> {
  const { listener, lent, look, doing, close } = scene(rig);
  const child = rig.spawn(blocks("accept-and-sleep"), lent);
  const port = Number(listener.address.split(":")[1]);
  const clients = [connect(port, "127.0.0.1"), connect(port, "127.0.0.1")];
  await Promise.all(clients.map((client) => once(client, "connect")));
  await eventually(
    () => look(child).sights[0]?.waiting === 1 || null,
    LIMIT_MS,
    "one waits",
    () => look(child).sights,
  );
  assert.equal(doing(child), "unknown");
  for (const client of clients) client.destroy();
  close();
}

async function stopped(rig: Rig): Promise<void> {
  const { look, lent, close } = scene(rig);
  const child = rig.spawn(
    [bun, "-e", 'require("node:net").createServer().listen(0, "127.0.0.1", () => console.log("up"))'],
    lent,
  );
  await child.untilPrinted("up");
  const [own, ...others] = look(child).elsewhere;
  assert.deepEqual(others, []);
  assert.equal(own?.pid, child.pid);
  assert.match(own?.address ?? "", /^127\.0\.0\.1:\d+$/);
  assert.deepEqual(look(child).stopped, []);
  rig.processes.signal(child.invocation, "SIGSTOP", "main");
  await eventually(() => look(child).stopped.length === 1 || null, LIMIT_MS, "it is stopped");
  assert.deepEqual(look(child).stopped, [child.pid]);
  close();
}

async function speakers(rig: Rig): Promise<void> {
  const remembered = createSpeakers();
  const shell = rig.shell(
    `${bun} -e 'setInterval(() => {}, 1000); fetch("data:,"); console.log("up")' & echo $!; wait; sleep 100`,
  );
  await shell.untilPrinted("up");
  const server = Number(await rig.until("its pid", () => /\d+(?=\n)/.exec(shell.stdout)?.[0]));
  const { invocation, pid } = shell;
  const ready = (from: number): void =>
    remembered.heard({ tag: "notified", invocation, pid: from, fields: { READY: "1" } });
  remembered.heard({ tag: "spawned", invocation, pid, startTicks: 0 });
  const helper = rig.shell("exec sleep 100");
  await helper.until("spawned");
  ready(pid);
  assert.equal(remembered.lost(invocation), null);
  ready(helper.pid);
  rig.processes.signal(helper.invocation, "SIGKILL", "group");
  await helper.gone();
  assert.equal(remembered.lost(invocation), null);
  ready(server);
  assert.equal(remembered.lost(invocation), null);
  process.kill(server, "SIGKILL");
  const lost = await eventually(() => remembered.lost(invocation), LIMIT_MS, "it is missed");
  assert.equal(lost.pid, server);
  assert.match(lost.command, /setInterval/);
  remembered.heard({ tag: "exited", invocation, exit: { by: "code", code: 0 }, survivors: [] });
  assert.equal(remembered.lost(invocation), null);
}
