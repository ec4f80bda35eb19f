import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Connection } from "../../../supervisor/health/acceptor.ts";
import { createFindAcceptor } from "../../../supervisor/host/acceptor.ts";
import { libc } from "../../../supervisor/host/libc.ts";
import { AF_INET, AF_UNIX, boundAddress, tcpSockaddr, unixSockaddr } from "../../../supervisor/host/sockaddr.ts";
import type { Case } from "../../support/case.ts";

const SOCK_STREAM_NONBLOCK = 1 | 0o4000;

const find = createFindAcceptor((invocation) => (invocation === "ours" ? [process.pid] : [process.ppid]));

export const acceptorCases: readonly Case[] = [
  {
    promise: "who has accepted a connection is told from who has not, over IPv4, IPv6, both at once and unix sockets",
    run: accepted,
  },
  { promise: "a connection in the queue is nobody's, and the listener's owner does not count", run: queued },
];

async function accepted(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "acceptor-"));
  const path = join(dir, "a.sock");
  for (const [listen, client] of [
    [{ host: "127.0.0.1", port: 0 }, "127.0.0.1"],
    [{ host: "::1", port: 0 }, "::1"],
    [{ host: "::", port: 0 }, "127.0.0.1"],
    [{ path }, null],
  ] as const) {
    const server = createServer((socket) => socket.on("error", () => undefined));
    await new Promise<void>((resolve) => server.listen(listen, resolve));
    const taken = once(server, "connection");
    const socket = client === null ? connect({ path }) : connect({ host: client, port: portOf(server) });
    await Promise.all([once(socket, "connect"), taken]);
    const { localAddress = "", localPort = 0, remoteAddress = "", remotePort = 0 } = socket;
    const ends = { ours: { host: localAddress, port: localPort }, theirs: { host: remoteAddress, port: remotePort } };
    const connection: Connection = client === null ? { tag: "unix", path } : { tag: "tcp", ...ends };
    assert.equal(await find(connection, "ours"), "own", JSON.stringify(listen));
    assert.equal(await find(connection, "theirs"), "other", JSON.stringify(listen));
    socket.destroy();
    server.close();
  }
  rmSync(dir, { recursive: true });
}

/** With sockets that nobody accepts on: a runtime would do so by itself. */
async function queued(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "acceptor-"));
  const path = join(dir, "q.sock");
  for (const [family, address] of [
    [AF_INET, tcpSockaddr("127.0.0.1", 0)],
    [AF_UNIX, unixSockaddr(path)],
  ] as const) {
    const [listener, client] = [
      libc.socket(family, SOCK_STREAM_NONBLOCK, 0),
      libc.socket(family, SOCK_STREAM_NONBLOCK, 0),
    ];
    assert.equal(libc.bind(listener, address, address.length), 0);
    assert.equal(libc.listen(listener, 8), 0);
    const theirs = boundAddress(listener);
    const target = theirs ? tcpSockaddr(theirs.host, theirs.port) : address;
    libc.connect(client, target, target.length);
    const ours = boundAddress(client);
    const connection: Connection = theirs && ours ? { tag: "tcp", ours, theirs } : { tag: "unix", path };
    assert.equal(await find(connection, "ours"), "nobody");
    libc.close(client);
    // Asked for a connection that is not there, the kernel names the listener, which is this very process's.
    const none: Connection = theirs ? { tag: "tcp", ours: { host: "127.0.0.1", port: 1 }, theirs } : connection;
    assert.equal(await find(none, "ours"), "unknown");
    libc.close(listener);
  }
  rmSync(dir, { recursive: true });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
