import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoadOrder } from "./load/order.ts";
import type { Failure, Tally } from "./load/tally.ts";
import { startLoad } from "./load.ts";

type Asked = { n: number; target: string; text: string; turn: number };
type Servant = (socket: Socket, request: Asked) => void;

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A server that leaves the answer to `serve`; `greet` sees each connection before its first request. */
async function misbehave(
  serve: Servant,
  greet: (socket: Socket) => void = () => {},
  where: string | { port: number; host: string } = { port: 0, host: "127.0.0.1" },
): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    let turn = 0;
    socket.on("error", () => {}); // the misbehaviour itself: resets come back as errors here
    socket.on("data", (bytes) => {
      const text = bytes.toString("latin1");
      const target = text.split(" ")[1] ?? "";
      const n = Number(/[?&]n=(\d+)/.exec(target)?.[1]);
      serve(socket, { n, target, text, turn: ++turn });
    });
    greet(socket);
  });
  await new Promise<void>((resolve) => server.listen(where, resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  if (typeof where === "string") return where;
  const { port, family, address } = server.address() as AddressInfo;
  return family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
}

function good(n: number, extra = ""): string {
  const body = JSON.stringify({ n, generation: 7 });
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${extra}\r\n${body}`;
}

/** Lets each loop see four fates, then counts. */
async function run(address: string, order: Partial<LoadOrder> = {}): Promise<Tally> {
  const load = await startLoad({ address, keepAlive: 4, oneShot: 0, thinkMs: 2, leastPerLoop: 4, ...order });
  return load.stop();
}

function expectOnly(tally: Tally, failure: Failure): void {
  const others = Object.entries(tally.fates).filter(([name, count]) => name !== failure && count > 0);
  expect({ others, samples: others.length > 0 ? tally.samples : [] }).toEqual({ others: [], samples: [] });
  expect(tally.fates[failure]).toBeGreaterThan(0);
  expect(tally.failed).toBe(tally.fates[failure]);
  expect(tally.requests).toBe(tally.ok + tally.failed);
}

test("a good server's every request is counted ok, under the generation that answered", async () => {
  let served = 0;
  const address = await misbehave((socket, { n }) => {
    served++;
    socket.write(good(n));
  });
  const tally = await run(address, { oneShot: 4 });
  expect(tally.failed).toBe(0);
  expect(tally.ok).toBe(served);
  expect(tally.generations).toEqual({ "7": served });
  expect(tally.latencyMs.max).toBeGreaterThanOrEqual(tally.latencyMs.p50);
});

test("a chunked answer that comes byte by byte is an answer", async () => {
  const address = await misbehave(async (socket, { n }) => {
    const body = JSON.stringify({ n, generation: 7, text: "ä" });
    const half = Buffer.from(body).subarray(0, 9);
    const rest = Buffer.from(body).subarray(9);
    const whole = Buffer.concat([
      Buffer.from(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${half.length.toString(16)};x=y\r\n`),
      half,
      Buffer.from(`\r\n${rest.length.toString(16)}\r\n`),
      rest,
      Buffer.from("\r\n0\r\n\r\n"),
    ]);
    for (let at = 0; at < whole.length; at += 3) {
      socket.write(whole.subarray(at, at + 3));
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  const tally = await run(address);
  expect(tally.samples).toEqual([]);
  expect(tally.ok).toBeGreaterThan(3);
});

const kinds: readonly (readonly [
  promise: string,
  failure: Failure,
  serve: Servant,
  greet?: (socket: Socket) => void,
])[] = [
  ["a connection closed right after accept is eof-fresh", "eof-fresh", () => {}, (socket) => socket.end()],
  ["a request closed without an answer is eof-fresh", "eof-fresh", (socket) => socket.end()],
  ["a request reset without an answer is reset-fresh", "reset-fresh", (socket) => socket.resetAndDestroy()],
  [
    "a kept connection closed under its next request is eof-reused",
    "eof-reused",
    (socket, { n, turn }) => (turn === 1 ? socket.write(good(n)) : socket.end()),
  ],
  [
    "a kept connection reset under its next request is reset-reused",
    "reset-reused",
    (socket, { n, turn }) => (turn === 1 ? socket.write(good(n)) : socket.resetAndDestroy()),
  ],
  [
    "a body reset in its middle is cut",
    "cut",
    (socket, { n }) => socket.write(good(n).slice(0, -4), () => setTimeout(() => socket.resetAndDestroy(), 20)),
  ],
  ["a body closed in its middle is cut", "cut", (socket, { n }) => socket.end(good(n).slice(0, -4))],
  ["a head closed in its middle is cut", "cut", (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Le")],
  [
    "a chunked body without its last chunk is cut",
    "cut",
    (socket) => socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
  ],
  ["the answer to another request is wrong", "wrong-body", (socket, { n }) => socket.write(good(n + 1))],
  ["a 503 is wrong", "wrong-status", (socket, { n }) => socket.write(good(n).replace("200 OK", "503 Busy"))],
  ["an empty 200 is wrong", "wrong-body", (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")],
  ["bytes behind an answer are wrong", "wrong-body", (socket, { n }) => socket.write(`${good(n)}HTTP/1.1 408`)],
  ["something that is not HTTP is wrong", "wrong-body", (socket) => socket.write("SSH-2.0-x\r\n\r\n")],
];

for (const [promise, failure, serve, greet] of kinds) {
  test(promise, async () => expectOnly(await run(await misbehave(serve, greet)), failure));
}

test("a port where nobody listens is refused, for kept and for single connections", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  expectOnly(await run(`127.0.0.1:${port}`, { oneShot: 4 }), "refused");
});

test("a unix socket is asked like a port, and one that is not there is refused", async () => {
  const folder = mkdtempSync(join(tmpdir(), "load-"));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const path = await misbehave((socket, { n }) => socket.write(good(n)), undefined, join(folder, "s.sock"));
  expect(await run(path)).toMatchObject({ failed: 0 });
  expectOnly(await run(join(folder, "none.sock")), "refused");
});

test("Connection: close is obeyed with a new connection, and nothing fails by it", async () => {
  const address = await misbehave((socket, { n }) => socket.end(good(n, "Connection: close\r\n")));
  const tally = await run(address);
  expect(tally.samples).toEqual([]);
  expect(tally.toldToClose).toBe(tally.ok);
  expect(tally.connections).toBe(tally.ok);
});

test("a kept connection that the server closes while it is idle fails nothing and is counted apart", async () => {
  const address = await misbehave((socket, { n }) => socket.end(good(n)));
  const tally = await run(address, { thinkMs: 50 });
  expect(tally.samples).toEqual([]);
  expect(tally.idleClosed).toBe(tally.ok - 4);
});

test("a slow answer on its way is waited for, and is no gap", async () => {
  const slowMs = 1_000;
  const address = await misbehave((socket, { n, target }) => {
    const delayMs = target.startsWith(`/slow?ms=${slowMs}`) ? slowMs : 0;
    setTimeout(() => socket.write(good(n)), delayMs);
  });
  const tally = await run(address, { leastPerLoop: 1, slow: { loops: 2, ms: slowMs } });
  expect(tally.samples).toEqual([]);
  expect(tally.durationMs).toBeGreaterThanOrEqual(slowMs);
  expect(tally.latencyMs.max).toBeLessThan(slowMs);
});

test("a request without an answer within the limit is a timeout", async () => {
  expectOnly(await run(await misbehave(() => {}), { limitMs: 100 }), "timeout");
});

test("a POST carries its number in its body too, and the numbers are 1, 2, 3, … without a gap", async () => {
  const taken: number[] = [];
  const address = await misbehave((socket, { n, text }) => {
    const { n: told } = JSON.parse(text.slice(text.indexOf("\r\n\r\n")));
    taken.push(told);
    socket.write(good(told === n ? n : -1));
  });
  const tally = await run(address, { method: "POST", oneShot: 4 });
  expect(tally.samples).toEqual([]);
  expect(taken.toSorted((left, right) => left - right)).toEqual(Array.from(taken, (_, index) => index + 1));
  expect(tally.requests).toBe(taken.length);
});

test("who cannot know yet that the server closed has failed, and who asks later has not", async () => {
  const address = await misbehave((socket, { n }) => socket.end(good(n)));
  expectOnly(await run(address, { thinkMs: 50, blindMs: 10_000 }), "eof-reused");
  expect(await run(address, { thinkMs: 50, blindMs: 10 })).toMatchObject({ failed: 0 });
});

test("an answer that nobody asked for spoils the next request on its connection", async () => {
  const address = await misbehave((socket, { n }) => {
    socket.write(good(n));
    setTimeout(() => socket.write("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"), 20);
  });
  expectOnly(await run(address, { thinkMs: 400, leastPerLoop: 2 }), "wrong-body");
});

test("each second is counted by itself, and a failure has its time", async () => {
  const endsAtMs = performance.now() + 1_500;
  const address = await misbehave((socket, { n }) => {
    if (performance.now() < endsAtMs) socket.write(good(n));
    else socket.resetAndDestroy();
  });
  const load = await startLoad({ address, keepAlive: 2, oneShot: 0, thinkMs: 20, leastPerLoop: 100 });
  expect(await load.count()).toBeGreaterThan(1);
  const { seconds, failures, ...tally } = await load.stop();
  expect(seconds).toHaveLength(Math.floor(tally.durationMs / 1000) + 1);
  expect(seconds.reduce((sum, { ok }) => sum + ok, 0)).toBe(tally.ok);
  expect(failures).toHaveLength(tally.failed);
  const within = (second: number) => failures.filter(({ atMs }) => Math.floor(atMs / 1000) === second).length;
  expect(seconds.map(({ failed }) => failed)).toEqual(seconds.map((_, second) => within(second)));
  const brokeAtMs = performance.timeOrigin + endsAtMs;
  expect((failures[0]?.atMs ?? 0) + tally.startedAtMs).toBeGreaterThan(brokeAtMs - 100);
});

test("a thousand connections are held at once, over IPv6 as well", async () => {
  const open = new Set<Socket>();
  let most = 0;
  const address = await misbehave(
    (socket, { n }) => socket.write(good(n)),
    (socket) => {
      most = Math.max(most, open.add(socket).size);
      socket.once("close", () => open.delete(socket));
    },
    { port: 0, host: "::1" },
  );
  const tally = await run(address, { keepAlive: 1000, thinkMs: 0, leastPerLoop: 2 });
  expect(tally.samples).toEqual([]);
  expect([most, tally.connections]).toEqual([1000, 1000]);
});
