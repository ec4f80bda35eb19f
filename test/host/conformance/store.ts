import assert from "node:assert/strict";
import { join } from "node:path";
import type { Listener } from "../../../supervisor/daemon/ports.ts";
import { libc } from "../../../supervisor/host/libc.ts";
import { runtime } from "../../../supervisor/host/runtime.ts";
import { Store } from "../../../supervisor/host/store.ts";
import type { Case } from "../../support/case.ts";
import { type Child, openDescriptors, type Rig, withRig } from "./rig.ts";

export const storeCases: readonly Case[] = [
  {
    promise: "what a service stored is handed to the next one of its keeper, after the listeners, under its name",
    run: () => counted(handedOn),
  },
  { promise: "a command beside a service is given nothing that it stored", run: () => counted(notForCommands) },
  {
    promise: "two generations have the same stored descriptor, and one that is forgotten is closed",
    run: () => counted(twoGenerations),
  },
  { promise: "FDSTOREREMOVE closes what has that name and nothing else", run: () => counted(removed) },
  { promise: "no more than 64 are kept for a keeper, and the first that is not is noted", run: () => counted(bounded) },
  { promise: "as many are kept as the order says, or none at all", run: () => counted(boundedByOrder) },
  { promise: "a socket whose other end is gone is dropped, unless FDPOLL=0 was said", run: () => counted(hungUp) },
  { promise: "a descriptor that is stored twice is kept once", run: () => counted(twice) },
];

/** In the end no more descriptors are open than at the beginning. */
async function counted(use: (rig: Rig) => Promise<void>): Promise<void> {
  // A runtime opens some of its own when it is first needed.
  await withRig(async (rig) => void (await rig.spawn(["true"]).until("exited")));
  const before = openDescriptors();
  await withRig(use);
  assert.equal(openDescriptors(), before, "descriptors");
}

/** Stores, then ends. */
async function keep(rig: Rig, messages: readonly string[], keeper = "api@1", storeMax = Store.most): Promise<void> {
  const child = storing(rig, messages, keeper, storeMax);
  await child.untilPrinted("sent");
  rig.processes.signal(child.invocation, "SIGKILL", "group");
  await child.gone();
}

function storing(rig: Rig, messages: readonly string[], keeper: string, storeMax = Store.most): Child {
  const script = join(import.meta.dirname, "../fixtures/keep.ts");
  const deno = runtime.version.startsWith("deno") ? ["run", "-A", "--no-config", "--node-modules-dir=manual"] : [];
  return rig.spawn([runtime.execPath, ...deno, script, ...messages], { notify: true, keeper, storeMax });
}

/** `notify`: false for one that is no service, but a command beside one. */
type Given = Readonly<{ listeners?: readonly Listener[]; notify?: boolean }>;

/** What a child of a keeper is given. Shape: `["http:stored", "3 socket", "4 file"]`. */
async function given(rig: Rig, keeper = "api@1", more: Given = {}): Promise<readonly string[]> {
  const { listeners = [], notify = true } = more;
  const script = `echo "$LISTEN_FDNAMES"; test "$LISTEN_PID" = $$ || test -z "$LISTEN_PID" || echo wrong; ls -l /proc/$$/fd`;
  const child = rig.shell(script, { keeper, listeners, notify });
  await child.until("exited");
  child.closePipes();
  const links = [...child.stdout.matchAll(/ (\d+) -> (\S+)$/gm)].filter(([, fd]) => Number(fd) > 2);
  const kinds = links.map(([, fd, to = ""]) => `${fd} ${to.startsWith("socket:") ? "socket" : "file"}`);
  return [child.stdout.split("\n")[0] ?? "", ...kinds];
}

async function handedOn(rig: Rig): Promise<void> {
  await keep(rig, ["FDSTORE=1,FDNAME=state +file", "FDSTORE=1 +pair", "FDSTORE=1,FDNAME=a:b,FDPOLL=0 +file"]);
  const fd = libc.socket(1, 1, 0);
  const listener = { name: "http", fd, address: "", inode: 0 };
  // The other end of the pair went with the process that had it.
  const listeners = [listener];
  assert.deepEqual(await given(rig, "api@1", { listeners }), ["http:state:stored", "3 socket", "4 file", "5 file"]);
  assert.deepEqual(await given(rig, "api@2", { listeners }), ["http", "3 socket"]);
  assert.deepEqual(await given(rig, "api@2"), [""]);
  libc.close(fd);
}

async function notForCommands(rig: Rig): Promise<void> {
  await keep(rig, ["FDSTORE=1,FDNAME=state +file"]);
  assert.deepEqual(await given(rig, "api@1", { notify: false }), [""]);
}

async function twoGenerations(rig: Rig): Promise<void> {
  await keep(rig, ["FDSTORE=1,FDNAME=state +file"]);
  const [one, two] = [await given(rig), await given(rig)];
  assert.deepEqual(one, ["state", "3 file"]);
  assert.deepEqual(two, one);
  const before = openDescriptors();
  rig.processes.forget("api@1");
  assert.equal(openDescriptors(), before - 1);
  assert.deepEqual(await given(rig), [""]);
}

async function removed(rig: Rig): Promise<void> {
  const stored = ["FDSTORE=1,FDNAME=a +file", "FDSTORE=1,FDNAME=b +file", "FDSTORE=1,FDNAME=a +file"];
  await keep(rig, [...stored, "FDSTOREREMOVE=1", "FDSTOREREMOVE=1,FDSTORE=1,FDNAME=a +file"]);
  assert.deepEqual(await given(rig), ["b", "3 file"]);
}

async function bounded(rig: Rig): Promise<void> {
  const many = `FDSTORE=1,FDNAME=m ${"+file".repeat(40)}`;
  await keep(rig, [many, many]);
  const [names = "", ...kinds] = await given(rig);
  assert.deepEqual([names.split(":").length, kinds.length], [64, 64]);
  assert.deepEqual(rig.notes, ["api@1 has sent more descriptors than the 64 that are kept for it"]);
}

async function boundedByOrder(rig: Rig): Promise<void> {
  await keep(rig, ["FDSTORE=1,FDNAME=a +file+file+file"], "api@1", 2);
  assert.deepEqual(await given(rig), ["a:a", "3 file", "4 file"]);
  await keep(rig, ["FDSTORE=1,FDNAME=b +file"], "api@2", 0);
  assert.deepEqual(await given(rig, "api@2"), [""]);
  assert.deepEqual(rig.notes, [
    "api@1 has sent more descriptors than the 2 that are kept for it",
    "api@2 has sent more descriptors than the 0 that are kept for it",
  ]);
}

async function hungUp(rig: Rig): Promise<void> {
  await keep(rig, ["FDSTORE=1,FDNAME=gone +lost", "FDSTORE=1,FDNAME=kept,FDPOLL=0 +lost"]);
  assert.deepEqual(await given(rig), ["kept", "3 socket"]);
}

async function twice(rig: Rig): Promise<void> {
  const child = storing(rig, ["FDSTORE=1 +pair+same", "FDSTORE=1 +same+file"], "api@1");
  await rig.until("both heard", () => rig.events.filter(({ tag }) => tag === "notified").length === 2);
  assert.deepEqual(await given(rig), ["stored:stored", "3 socket", "4 file"]);
  rig.processes.signal(child.invocation, "SIGKILL", "group");
}
