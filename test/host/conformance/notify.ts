import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createNotifySockets } from "../../../supervisor/host/notify.ts";
import { readStat } from "../../../supervisor/host/procfs.ts";
import { runtime } from "../../../supervisor/host/runtime.ts";
import type { Case } from "../../support/case.ts";
import { type Child, openDescriptors, type Rig, withRig } from "./rig.ts";

/** A perl program: sends its arguments as datagrams to $TO or $NOTIFY_SOCKET, prints "sent", then lives on until it is killed. */
const SENDER = `use Socket; $| = 1;
socket(S, PF_UNIX, SOCK_DGRAM, 0);
send(S, eval qq("$_"), 0, sockaddr_un($ENV{TO} || $ENV{NOTIFY_SOCKET})) || print "failed " for @ARGV;
print "sent"; sleep 100;`;

/** As many as the kernel keeps for one socket before it holds the sender, or nearly: the bound is 10 on some machines, 512 on others. */
const BURST = Math.min(200, Number(readFileSync("/proc/sys/net/unix/max_dgram_qlen", "utf8")));

export const notifyCases: readonly Case[] = [
  {
    promise: "a datagram arrives as fields, with its sender",
    run: () =>
      withRig(async (rig) => {
        const child = sender(rig, ["READY=1\\nSTATUS=warm = hot\\r\\nX_ODD\\n"]);
        const { fields, pid } = await child.until("notified");
        assert.deepEqual(fields, { READY: "1", STATUS: "warm = hot" });
        assert.equal(pid, child.pid);
      }),
  },
  {
    promise:
      "a datagram with a zero byte, of no bytes or of more than 4096 is ignored; 4096 are heard, and one zero at the end",
    run: () =>
      withRig(async (rig) => {
        const child = sender(rig, [`A=\\x00B`, ``, `A=" . ("x" x 4095) . "`, `B=" . ("x" x 4094) . "`, `C=1\\x00`]);
        await rig.until("C", () => heard(rig, child).some(([name]) => name === "C"));
        assert.deepEqual(
          heard(rig, child).map(([name, value]) => [name, value?.length]),
          [
            ["B", 4094],
            ["C", 1],
          ],
        );
      }),
  },
  {
    promise: "B24: a datagram of a process that does not belong to the invocation is ignored",
    run: () =>
      withRig(async (rig) => {
        const child = rig.shell(`echo "$NOTIFY_SOCKET"; sleep 100`, { notify: true });
        await child.untilPrinted("\n");
        const path = child.stdout.trim();
        const foreign = sender(rig, ["READY=1"], path);
        await foreign.untilPrinted("sent");
        rig.processes.signal(foreign.invocation, "SIGKILL", "group");
        await foreign.until("exited");
        assert.equal(child.seen("notified"), undefined);
      }),
  },
  {
    promise: "a helper that was gone before we came to listen is heard",
    run: () =>
      withRig(async (rig) => {
        const child = rig.shell(`${send("READY=1")}; touch sent; sleep 100`, { notify: true });
        busyUntil(() => existsSync(join(rig.dir, "sent")));
        assert.deepEqual((await child.until("notified")).fields, { READY: "1" });
      }),
  },
  {
    promise: "a burst that came while we were busy is heard to the last one",
    run: () =>
      withRig(async (rig) => {
        const child = rig.shell(`${send("WATCHDOG=1", BURST)}; touch sent; sleep 100`, { notify: true });
        busyUntil(() => existsSync(join(rig.dir, "sent")));
        await rig.until("all of them", () => heard(rig, child).length === BURST);
      }),
  },
  {
    promise: "a burst just before the exit is heard before the exit",
    run: () =>
      withRig(async (rig) => {
        const child = rig.shell(`exec ${send("WATCHDOG=1", BURST)}`, { notify: true });
        busyUntil(() => readStat(child.pid)?.state === "Z");
        const atExit = await rig.until("exited", () => child.seen("exited") && { count: heard(rig, child).length });
        assert.equal(atExit.count, BURST);
      }),
  },
  {
    promise: "a barrier is answered after what came before it, and no attached descriptor is kept",
    run: () =>
      withRig(async (rig) => {
        const before = openDescriptors();
        const script = join(import.meta.dirname, "../fixtures/barrier.ts");
        const deno = runtime.version.startsWith("deno")
          ? ["run", "-A", "--no-config", "--node-modules-dir=manual"]
          : [];
        const child = rig.spawn([runtime.execPath, ...deno, script], { notify: true });
        await child.until("exited");
        assert.equal(child.stdout, "heard\n");
        assert.deepEqual(heard(rig, child), [
          ["READY", "1"],
          ["BARRIER", "1"],
        ]);
        child.closePipes();
        assert.equal(openDescriptors(), before);
      }),
  },
  {
    promise:
      "B24: a socket is for its owner alone, is gone after the exit, and moves to a shorter directory when it must",
    run: () => withRig(places),
  },
];

function sender(rig: Rig, datagrams: readonly string[], to?: string): Child {
  const env = { PATH: "/usr/bin:/bin", ...(to === undefined ? {} : { TO: to }) };
  return rig.spawn(["perl", "-e", SENDER, ...datagrams], { notify: true, env });
}

function send(text: string, times = 1): string {
  const one = `send(S,"${text}",0,sockaddr_un($ENV{NOTIFY_SOCKET}))`;
  return `perl -MSocket -e 'socket(S,PF_UNIX,SOCK_DGRAM,0); ${one} for 1..${times}'`;
}

/** Holds the whole event loop, so that nothing can be heard meanwhile. */
function busyUntil(found: () => boolean): void {
  const limit = Date.now() + 10_000;
  while (!found()) assert.ok(Date.now() < limit, "not within 10 s");
}

function heard(rig: Rig, child: Child): readonly (readonly [string, string])[] {
  return rig.events.flatMap((event) =>
    event.tag === "notified" && event.invocation === child.invocation ? Object.entries(event.fields) : [],
  );
}

async function places(rig: Rig): Promise<void> {
  const child = rig.shell(`echo "$NOTIFY_SOCKET"; sleep 100`, { notify: true });
  await child.untilPrinted("\n");
  const path = child.stdout.trim();
  assert.equal(statSync(path).mode & 0o777, 0o600);
  rig.processes.signal(child.invocation, "SIGKILL", "group");
  await child.gone();
  assert.equal(existsSync(path), false);

  const deep = mkdtempSync(join(tmpdir(), `${"deep".repeat(25)}-`));
  const sockets = createNotifySockets(rig.reactor, deep);
  const socket = sockets.open("a".repeat(32), { believes: () => true, heard: () => undefined, uid: null });
  assert.ok(existsSync(socket.path) && !socket.path.startsWith(deep));
  socket.close();
  sockets.close();
  assert.equal(existsSync(join(socket.path, "..")), false);
  assert.deepEqual(readdirSync(deep), []);
  rmSync(deep, { recursive: true });
}
