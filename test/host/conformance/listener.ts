import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, type NetConnectOpts } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Listener } from "../../../supervisor/daemon/ports.ts";
import { bytes, cInt, libc } from "../../../supervisor/host/libc.ts";
import { createListeners } from "../../../supervisor/host/listener.ts";
import type { Outcome } from "../../../supervisor/unit/fault.ts";
import type { Address, BindableSocket } from "../../../supervisor/unit/unit.ts";
import type { Case } from "../../support/case.ts";
import { openDescriptors, withRig } from "./rig.ts";

const listeners = createListeners();

export const listenerCases: readonly Case[] = [
  {
    promise:
      "A3 A4 A5 A6: listeners arrive from descriptor 3 on, in order, non-blocking, with names and the child's own pid",
    run: lent,
  },
  {
    promise: "a port that is taken is a fault that names its holder",
    run: async () => {
      const first = opened(listeners.open("unit", tcp("127.0.0.1", 0)));
      const port = Number(first.address.split(":")[1]);
      const { code, message } = refused(listeners.open("unit", tcp("127.0.0.1", port)));
      assert.equal(code, "listener-busy");
      assert.match(message, new RegExp(`^127\\.0\\.0\\.1:${port} is already in use by .+ \\(pid ${process.pid}\\)$`));
      listeners.close(first);
    },
  },
  {
    promise: "A15: IPv4, IPv6, localhost and every address are bound as asked, and answer",
    run: async () => {
      for (const [host, shown, clients] of [
        ["127.0.0.1", "127.0.0.1", ["127.0.0.1"]],
        ["::1", "[::1]", ["::1"]],
        ["localhost", "127.0.0.1", ["127.0.0.1"]],
        ["", "[::]", ["127.0.0.1", "::1"]],
      ] as const) {
        const listener = opened(listeners.open("unit", tcp(host, 0)));
        const port = Number(/\d+$/.exec(listener.address)?.[0]);
        assert.equal(listener.address, `${shown}:${port}`);
        for (const client of clients) assert.equal(await connected({ host: client, port }), "connected");
        listeners.close(listener);
        assert.equal(await connected({ host: clients[0], port }), "ECONNREFUSED");
      }
    },
  },
  {
    promise: "an address that cannot be bound is a fault with the reason",
    run: async () => {
      assert.match(
        refused(listeners.open("unit", tcp("192.0.2.1", 0))).message,
        /192\.0\.2\.1:0: .*\(EADDRNOTAVAIL\)$/,
      );
      assert.match(refused(listeners.open("unit", tcp("no.such.name", 80))).message, /no\.such\.name/);
      assert.equal(refused(listeners.open("unit", unix(`/tmp/${"long".repeat(30)}`))).code, "listener-failed");
      const free = opened(listeners.open("unit", { ...tcp("192.0.2.1", 0), freeBind: true }));
      listeners.close(free);
    },
  },
  {
    promise: "A7: the options of a socket reach the kernel, and its backlog can be asserted again",
    run: async () => {
      const all = { reusePort: true, noDelay: true, keepAlive: true, deferAcceptMs: 1500, backlog: 7 } as const;
      const first = opened(listeners.open("unit", { ...tcp("127.0.0.1", 0), ...all }));
      const port = Number(first.address.split(":")[1]);
      const second = opened(listeners.open("unit", { ...tcp("127.0.0.1", port), ...all }));
      assert.equal(backlogOf(first), 7);
      listeners.assertBacklog(first, 9);
      assert.equal(backlogOf(first), 9);
      listeners.close(first);
      listeners.close(second);
      const only6 = opened(listeners.open("unit", { ...tcp("", 0), bindIpv6Only: "ipv6-only" }));
      const port6 = Number(/\d+$/.exec(only6.address)?.[0]);
      assert.equal(await connected({ host: "127.0.0.1", port: port6 }), "ECONNREFUSED");
      listeners.close(only6);
      const datagram = opened(listeners.open("unit", { ...tcp("127.0.0.1", 0), kind: "datagram" }));
      const taken = tcp("127.0.0.1", Number(datagram.address.split(":")[1]));
      assert.match(
        refused(listeners.open("unit", { ...taken, kind: "datagram" })).message,
        /already in use by .+ \(pid \d+\)$/,
      );
      listeners.close(datagram);
    },
  },
  {
    promise: "A13: a unix path gets its mode, replaces what a dead process left, and never what lives or is no socket",
    run: paths,
  },
  {
    promise: "a datagram socket is bound and lent, and what is sent to it arrives, by UDP and by a unix path",
    run: datagrams,
  },
  {
    promise: "datagram sockets share a port when both ask for it, and a path is taken over from the dead alone",
    run: async () => {
      const shared = { kind: "datagram", reusePort: true } as const;
      const first = opened(listeners.open("unit", { ...tcp("127.0.0.1", 0), ...shared }));
      const port = Number(first.address.split(":")[1]);
      listeners.close(opened(listeners.open("unit", { ...tcp("127.0.0.1", port), ...shared })));
      listeners.close(first);
      const dir = mkdtempSync(join(tmpdir(), "listener-"));
      const path = { ...unix(join(dir, "log.sock")), kind: "datagram" } as const;
      const bound = opened(listeners.open("unit", path));
      const busy = refused(listeners.open("unit", path)).message;
      assert.match(busy, new RegExp(`log\\.sock is already in use by .+ \\(pid ${process.pid}\\)$`));
      libc.close(bound.fd);
      const again = opened(listeners.open("unit", path));
      listeners.close(again);
      assert.deepEqual(readdirSync(dir), []);
      rmSync(dir, { recursive: true });
    },
  },
  { promise: "a unix socket is given to its user and to the user's own group, or to a group of its own", run: owners },
  {
    promise: "an abstract name is bound, answers, and is busy for a second one",
    run: async () => {
      const name = `@host-conformance-${process.pid}`;
      const listener = opened(listeners.open("unit", unix(name)));
      assert.equal(refused(listeners.open("unit", unix(name))).code, "listener-busy");
      assert.equal(listener.address, name);
      listeners.close(listener);
      listeners.close(opened(listeners.open("unit", unix(name))));
    },
  },
];

async function lent(): Promise<void> {
  const before = openDescriptors();
  const names = Array.from({ length: 20 }, (_, i) => `n${i}`);
  const open = names.map((name) => ({ ...opened(listeners.open("unit", { ...tcp("127.0.0.1", 0), name })) }));
  // Backwards: then the numbers to come from and the numbers to go to overlap.
  open.reverse();
  await withRig(async (rig) => {
    const script = `echo "$LISTEN_FDS $LISTEN_FDNAMES $(($$ == $LISTEN_PID))"; ls -l /proc/$$/fd; cat /proc/$$/fdinfo/3; env`;
    const env = { PATH: "/usr/bin:/bin" };
    const child = rig.shell(script, { listeners: open, env });
    await child.until("exited");
    const lines = child.stdout.split("\n");
    assert.equal(lines[0], `20 ${open.map(({ name }) => name).join(":")} 1`);
    const inodes = [...child.stdout.matchAll(/ (\d+) -> socket:\[(\d+)\]/g)].map(([, fd, inode]) => [fd, inode]);
    inodes.sort(([a], [b]) => Number(a) - Number(b));
    const wanted = open.map(({ inode }, i) => [String(i + 3), String(inode)]);
    assert.deepEqual(inodes, wanted);
    assert.equal(child.stdout.match(/ -> /g)?.length, 23);
    assert.equal(Number.parseInt(/flags:\s(\d+)/.exec(child.stdout)?.[1] ?? "", 8) & 0o2004000, 0o4000);
    // The second shell adds PWD again; nothing else may be there.
    const ours = lines.slice(lines.findIndex((line) => line.startsWith("LISTEN_") || line.startsWith("PATH=")));
    const variables = ours.map((line) => line.split("=")[0]).filter((name) => name && name !== "PWD");
    assert.deepEqual(variables.sort(), ["LISTEN_FDNAMES", "LISTEN_FDS", "LISTEN_PID", "PATH"]);
    const plain = rig.spawn(["env"], { listeners: open, env });
    await plain.until("exited");
    assert.doesNotMatch(plain.stdout, /PWD|SHLVL|^_=/m);
  });
  for (const listener of open) listeners.close(listener);
  assert.equal(openDescriptors(), before);
}

async function paths(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "listener-"));
  const path = join(dir, "below/app.sock");
  const first = opened(listeners.open("unit", unix(path)));
  assert.equal(statSync(path).mode & 0o777, 0o640);
  assert.equal(await connected({ path }), "connected");
  const owner = { socketUser: String(process.getuid?.()), socketGroup: String(process.getgid?.()) };
  listeners.close(opened(listeners.open("unit", { ...unix(join(dir, "own.sock")), ...owner })));
  const stranger = refused(listeners.open("unit", { ...unix(join(dir, "own.sock")), socketUser: "no-such-user" }));
  assert.match(stranger.message, /^socket http: no user "no-such-user"$/);
  assert.deepEqual(readdirSync(dir), ["below"]);
  const busy = refused(listeners.open("unit", unix(path)));
  assert.match(busy.message, new RegExp(`${path} is already in use by .+ \\(pid ${process.pid}\\)$`));
  // A socket that nobody answers on: bound by a process that was killed.
  const stale = join(dir, "stale.sock");
  const bind = "use Socket; socket(S,PF_UNIX,SOCK_STREAM,0); bind(S,sockaddr_un($ARGV[0])); kill 9, $$";
  await once(spawn("perl", ["-e", bind, stale], { stdio: "ignore" }), "exit");
  assert.ok(existsSync(stale));
  const second = opened(listeners.open("unit", unix(stale)));
  assert.equal(await connected({ path: stale }), "connected");
  const file = join(dir, "file");
  writeFileSync(file, "precious");
  assert.match(refused(listeners.open("unit", unix(file))).message, /not a socket/);
  assert.equal(readFileSync(file, "utf8"), "precious");
  // Somebody else has put another file there: it stays.
  rmSync(stale);
  writeFileSync(stale, "another's");
  listeners.close(second);
  assert.ok(existsSync(stale));
  listeners.close(first);
  assert.equal(existsSync(path), false);
  rmSync(dir, { recursive: true });
}

/** A perl program: prints one datagram of each socket that it was lent. */
const RECEIVER = `use IO::Select; $| = 1; print "up ";
for my $fd (3 .. 2 + $ENV{LISTEN_FDS}) {
  open(my $s, "+<&=", $fd); IO::Select->new($s)->can_read(5); recv($s, my $m, 100, 0); print "$m ";
}
print "done";`;
const SENDER = `use Socket; socket(S, PF_UNIX, SOCK_DGRAM, 0); send(S, "path", 0, sockaddr_un($ARGV[0]));`;

async function datagrams(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "listener-"));
  const path = join(dir, "log.sock");
  const udp = opened(listeners.open("unit", { ...tcp("127.0.0.1", 0), kind: "datagram" }));
  const log = opened(listeners.open("unit", { ...unix(path), kind: "datagram" }));
  assert.equal(statSync(path).mode & 0o777, 0o640);
  const sender = createSocket("udp4");
  try {
    await withRig(async (rig) => {
      const child = rig.spawn(["perl", "-e", RECEIVER], { listeners: [udp, log] });
      await child.untilPrinted("up");
      sender.send("port", Number(udp.address.split(":")[1]), "127.0.0.1");
      await once(spawn("perl", ["-e", SENDER, path], { stdio: "ignore" }), "exit");
      await child.untilPrinted("done");
      assert.equal(child.stdout, "up port path done");
    });
  } finally {
    sender.close();
    listeners.close(udp);
    listeners.close(log);
  }
  assert.deepEqual(readdirSync(dir), []);
  rmSync(dir, { recursive: true });
}

/** Only root may give a file away. */
async function owners(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "listener-"));
  const path = join(dir, "app.sock");
  const given = (socketUser: string, socketGroup: string): string => {
    const listener = opened(listeners.open("unit", { ...unix(path), socketUser, socketGroup }));
    const { uid, gid, mode } = statSync(path);
    listeners.close(listener);
    return `${uid}:${gid} ${(mode & 0o777).toString(8)}`;
  };
  const [, , uid, gid] = /^nobody:.*$/m.exec(readFileSync("/etc/passwd", "utf8"))?.[0].split(":") ?? [];
  if (process.geteuid?.() === 0) {
    assert.equal(given("nobody", ""), `${uid}:${gid} 640`);
    assert.equal(given("4711", ""), `4711:${process.getegid?.()} 640`);
    assert.equal(given("", "4712"), "0:4712 640");
    assert.equal(given("4711", "4712"), "4711:4712 640");
  } else {
    const { message } = refused(listeners.open("unit", { ...unix(path), socketUser: "0" }));
    assert.equal(message, `socket http: ${path}: Operation not permitted (EPERM)`);
  }
  const unknown = { ...unix(path), socketGroup: "no-such-group" };
  assert.equal(refused(listeners.open("unit", unknown)).message, 'socket http: no group "no-such-group"');
  assert.deepEqual(readdirSync(dir), []);
  rmSync(dir, { recursive: true });
}

function tcp(host: string, port: number): BindableSocket {
  return socketAt({ tag: "tcp", host, port });
}

function unix(path: string): BindableSocket {
  return socketAt({ tag: "unix", path });
}

function socketAt(address: Address): BindableSocket {
  return {
    name: "http",
    kind: "stream",
    address,
    backlog: 128,
    socketMode: 0o640,
    socketUser: "",
    socketGroup: "",
    reusePort: false,
    freeBind: false,
    noDelay: false,
    keepAlive: false,
    deferAcceptMs: 0,
    bindIpv6Only: "default",
  };
}

function opened(outcome: Outcome<Listener>): Listener {
  assert.ok(outcome.ok, outcome.ok ? "" : outcome.faults[0].message);
  return outcome.value;
}

function refused(outcome: Outcome<Listener>): { code: string; message: string } {
  assert.ok(!outcome.ok, "was opened");
  return outcome.faults[0];
}

/** `connected`, or the code of the error. */
function connected(to: NetConnectOpts): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(to);
    socket.once("connect", () => {
      socket.destroy();
      resolve("connected");
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

/** For a listener the kernel answers its greatest backlog where a connection has its selectively acknowledged segments. */
function backlogOf({ fd }: Listener): number {
  const TCP_INFO = 11;
  const info = bytes(104);
  libc.getsockopt(fd, 6, TCP_INFO, info, cInt(info.length));
  return new DataView(info.buffer).getUint32(28, true);
}
