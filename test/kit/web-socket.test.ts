import { afterAll, afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { within } from "../support/within.ts";
import { type Generation, killLeftovers, startGeneration } from "./fixtures/generation.ts";
import { openRaw } from "./fixtures/raw-client.ts";
import { openShared, type SharedListener } from "./fixtures/shared-listener.ts";

const BOUND_MS = 10_000;
const SPREAD_MS = 800;
const CLIENTS = 12;
const HANDSHAKE =
  "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

setDefaultTimeout(30_000);
afterAll(killLeftovers);
afterEach(killLeftovers);

type Ended = Readonly<{ code: number; reason: string; atMs: number }>;

/** A client as browsers have it. `hears` gives the next message. */
async function dial(port: number | null, query = "") {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/live${query}`);
  socket.binaryType = "arraybuffer";
  const heard: (string | ArrayBuffer)[] = [];
  let ear: (() => void) | null = null;
  socket.onmessage = ({ data }) => {
    heard.push(data);
    ear?.();
  };
  const ended = new Promise<Ended>((resolve) => {
    socket.onclose = ({ code, reason }) => resolve({ code, reason, atMs: performance.now() });
  });
  const hears = async (): Promise<string | ArrayBuffer> => {
    while (heard.length === 0) await within(new Promise<void>((resolve) => (ear = resolve)), BOUND_MS, "a message");
    return heard.shift() ?? "";
  };
  return { socket, hears, ended: within(ended, BOUND_MS, "the socket is closed"), pid: String(await hears()) };
}

for (const runtime of ["bun", "deno"] as const) {
  for (const mode of ["native-inherited", "compatible"] as const) {
    describe(`WebSockets, ${mode} on ${runtime}`, () => {
      let listener: SharedListener;
      beforeEach(() => {
        listener = openShared("v4");
      });
      afterEach(() => listener.close());

      const start = async (serve: Readonly<Record<string, unknown>> = {}): Promise<Generation> => {
        const generation = startGeneration(runtime, {
          fds: [listener.fd],
          serve: { idleMs: 200, drainMs: 10_000, spreadMs: SPREAD_MS, ...serve },
          env: { SUPERVISOR_KIT_LISTEN: mode === "compatible" ? "compat" : "" },
        });
        expect(await within(generation.said, BOUND_MS, "it serves")).toMatchObject({ mode });
        return generation;
      };
      const exit = (generation: Generation) => within(generation.exited, BOUND_MS, "the service exits");

      test("C6, C8: each is closed with 1012 at a moment of its own, none is cut, and its client finds the new generation", async () => {
        const old = await start();
        const clients = await Promise.all(Array.from({ length: CLIENTS }, () => dial(listener.port, "?hear")));
        expect(new Set(clients.map(({ pid }) => pid))).toEqual(new Set([String(old.pid)]));
        // Half of them speak all the time: what they send meets the close on its way.
        const chatter = setInterval(() => {
          for (const { socket } of clients.slice(CLIENTS / 2)) if (socket.readyState === 1) socket.send("…");
        }, 1);
        const next = await start();
        const beganMs = performance.now();
        old.signal("SIGTERM");
        const again = clients.map(async ({ ended }) => {
          const end = await ended;
          const { socket, pid } = await dial(listener.port);
          socket.close();
          return { ...end, pid };
        });
        const ends = await Promise.all(again);
        clearInterval(chatter);
        for (const end of ends)
          expect(end).toMatchObject({ code: 1012, reason: "service restart", pid: String(next.pid) });
        const times = ends.map(({ atMs }) => atMs - beganMs);
        expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(SPREAD_MS / 4);
        expect(await exit(old)).toBe(0);
        expect(old.stderr()).not.toContain("cut");
      });

      test("a WebSocket carries text and bytes of every length, and the app's words reach the client", async () => {
        const generation = await start();
        const { socket, hears, ended } = await dial(listener.port);
        for (const text of ["", "ä", "x".repeat(126), "y".repeat(70_000)]) {
          socket.send(text);
          expect(await hears()).toBe(text);
        }
        socket.send(Uint8Array.of(0, 255, 7));
        expect(new Uint8Array((await hears()) as ArrayBuffer)).toEqual(Uint8Array.of(0, 255, 7));
        socket.send("close");
        expect(await ended).toMatchObject({ code: 4000, reason: "as you wish" });

        const failing = await dial(listener.port);
        failing.socket.send("fail");
        expect(await failing.ended).toMatchObject({ code: 1011 });
        const leaving = await dial(listener.port);
        leaving.socket.close(4001, "bye");
        await leaving.ended;
        generation.signal("SIGTERM");
        expect(await exit(generation)).toBe(0);
        const said = generation.stderr();
        for (const line of ["closed 4000 as you wish", "closed 1011", "as it was told", "closed 4001 bye"]) {
          expect(said).toContain(line);
        }
      });

      test("who asks for something else there is told, and a handshake that is none is refused", async () => {
        await start();
        const connection = await openRaw({ port: listener.port ?? 0 });
        expect(await connection.request("/live")).toMatchObject({ status: 426 });
        connection.destroy();
        const half = await openRaw({ port: listener.port ?? 0 });
        expect(await half.request("/live", "Upgrade: websocket\r\nConnection: Upgrade\r\n")).toMatchObject({
          status: 400,
        });
        half.destroy();
      });

      test("a client that does not answer the close is not waited for", async () => {
        const generation = await start({ spreadMs: 0 });
        const silent = await openRaw({ port: listener.port ?? 0 });
        expect(await silent.request("/live", HANDSHAKE)).toMatchObject({ status: 101 });
        const told = silent.receives("service restart");
        generation.signal("SIGTERM");
        await within(told, BOUND_MS, "the close");
        expect(await exit(generation)).toBe(0);
        expect(generation.stderr()).not.toContain("cut");
        silent.destroy();
      });

      test("C15: one whose turn has not come at the drain limit is cut, and that is said", async () => {
        const generation = await start({ spreadMs: 1e9, drainMs: 300 });
        const { ended } = await dial(listener.port);
        generation.signal("SIGTERM");
        expect(await exit(generation)).toBe(0);
        expect(generation.stderr()).toContain("drain: 1 connection cut after 300 ms");
        expect((await ended).code).toBe(1006);
      });
    });
  }
}
