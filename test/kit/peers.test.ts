import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { type Libc, libc } from "../../services/kit/libc.ts";
import { createPeers } from "../../services/kit/peers.ts";
import { addressOf } from "../../services/kit/socket-address.ts";
import { eventually } from "../support/eventually.ts";

const c = libc() as Libc;
let server: Server;
let client: Socket;
/** The server's end of the connection. */
let fd = -1;
let port = 0;

beforeAll(async () => {
  server = createServer().listen(0, "127.0.0.1");
  await eventually(() => server.listening, 5_000, "the server listens");
  client = connect((server.address() as { port: number }).port, "127.0.0.1");
  await eventually(() => client.localPort, 5_000, "the client is connected");
  port = client.localPort ?? 0;
  fd = await eventually(() => fdTo(`127.0.0.1:${port}`), 5_000, "the connection is accepted");
});
afterAll(() => {
  client.destroy();
  server.close();
});

test("a client that was added is found by its connection, and taken once", () => {
  const peers = createPeers();
  peers.add({ text: `127.0.0.1:${port}`, port });
  expect([peers.size, peers.has(c, fd), peers.take(c, fd), peers.take(c, fd), peers.has(c, fd), peers.size]).toEqual([
    1,
    true,
    true,
    false,
    false,
    0,
  ]);
});

test("another client with the same port is another", () => {
  const peers = createPeers();
  peers.add({ text: `10.0.0.1:${port}`, port });
  expect([peers.has(c, fd), peers.take(c, fd), peers.size]).toEqual([false, false, 1]);
  peers.add({ text: `127.0.0.1:${port}`, port });
  expect([peers.take(c, fd), peers.has(c, fd), peers.size]).toEqual([true, false, 1]);
});

test("a client without a port is nobody, and so is what is no connection", () => {
  const peers = createPeers();
  peers.add({ text: "/run/api.sock", port: null });
  expect(peers.size).toBe(0);
  peers.add({ text: `127.0.0.1:${port}`, port });
  expect([peers.has(c, 0), peers.take(c, -1)]).toEqual([false, false]);
});

function fdTo(peer: string): number | null {
  const fds = readdirSync("/proc/self/fd").map(Number);
  return fds.find((one) => isSocket(one) && addressOf(c, one, "theirs")?.text === peer) ?? null;
}

function isSocket(one: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${one}`).startsWith("socket:");
  } catch {
    return false; // the descriptor of the listing itself
  }
}
