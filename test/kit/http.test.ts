import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { within } from "../support/within.ts";
import { killLeftovers, startGeneration } from "./fixtures/generation.ts";
import { openRaw, type RawConnection, type RawResponse } from "./fixtures/raw-client.ts";
import { openShared } from "./fixtures/shared-listener.ts";

/**
 * Every kind of HTTP/1.1 connection through one drain: all of them are open at the one service when it is told to end,
 * and each has its promise. What goes on for long goes on for longer than the idle limit.
 */
const BOUND_MS = 20_000;
const IDLE_MS = 700;
const PIECES = 4;
const PIECE_EVERY_MS = 250;
const BIG_BYTES = 8_000_000;

setDefaultTimeout(40_000);
afterAll(killLeftovers);

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What a client of one kind does: the first part before the drain, the rest when it has begun. */
type Kind = (connection: RawConnection, begun: Promise<unknown>) => Promise<RawResponse | readonly string[]>;

const kinds = {
  async idle(connection, begun) {
    await begun;
    return connection.request("/");
  },
  async head(connection, begun) {
    connection.send("GET /async HTTP/1.1\r\nHost: test\r\n");
    await inPieces(connection, "X-Piece: 1\r\n", begun);
    connection.send("\r\n");
    return connection.response();
  },
  async upload(connection, begun) {
    connection.send(`POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: ${5 * PIECES}\r\n\r\n`);
    await inPieces(connection, "12345", begun);
    return connection.response();
  },
  async told(connection, begun) {
    connection.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    const { status } = await connection.response();
    if (status !== 100) throw new Error(`status ${status}`);
    await begun;
    await later(IDLE_MS * 1.5);
    connection.send("12345");
    return connection.response();
  },
  async download(connection, begun) {
    connection.send("GET /big HTTP/1.1\r\nHost: test\r\n\r\n");
    connection.pause();
    await begun;
    await later(IDLE_MS * 1.5);
    const response = connection.response();
    connection.resume();
    return response;
  },
  async unread(connection) {
    connection.send("POST /early HTTP/1.1\r\nHost: test\r\nContent-Length: 4000000\r\n\r\n");
    connection.send("x".repeat(2_000_000));
    return connection.response();
  },
  async ignored(connection, begun) {
    await begun;
    connection.send("POST /ignored HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n12345");
    return connection.response();
  },
  async pipelined(connection) {
    for (const path of ["/draining", "/async", "/"]) connection.send(`GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`);
    const bodies: string[] = [];
    // A server that goes without having answered is what is asked about here.
    for (let n = 0; n < 3; n += 1) bodies.push((await connection.response().catch(() => ({ body: "lost" }))).body);
    return bodies;
  },
} as const satisfies Record<string, Kind>;

type Drained = Readonly<Record<Exclude<keyof typeof kinds, "pipelined">, RawResponse>> &
  Readonly<{ pipelined: readonly string[]; pid: string; exit: number | string; said: string }>;

for (const runtime of ["bun", "deno"] as const) {
  for (const mode of ["native-inherited", "compatible"] as const) {
    describe(`what is open when the drain begins, ${mode} on ${runtime}`, () => {
      let drained: Promise<Drained> | undefined;
      const outcome = () => {
        drained ??= throughOneDrain(runtime, mode);
        return within(drained, BOUND_MS, "all of it");
      };

      test("C1: an idle connection's next request is answered, and told that it was the last", async () => {
        const { idle, pid } = await outcome();
        expect(idle).toMatchObject({ body: pid, willClose: true });
      });

      test("C3: a request of which half the head was sent is answered, however slowly the rest comes", async () => {
        const { head, pid } = await outcome();
        expect(head).toMatchObject({ body: pid, willClose: true });
      });

      test("C9: an upload that goes on for longer than the idle limit is taken whole", async () => {
        expect((await outcome()).upload).toMatchObject({ body: String(5 * PIECES), willClose: true });
      });

      test("C15: who was told to continue may take longer than the idle limit to do so", async () => {
        expect((await outcome()).told).toMatchObject({ body: "5", willClose: true });
      });

      test("a slow client's download is sent to its last byte", async () => {
        expect((await outcome()).download.body.length).toBe(BIG_BYTES);
      });

      test("C4: an answer to an upload that nobody read arrives whole, and is not taken back by a reset", async () => {
        const { unread } = await outcome();
        expect(unread.status).toBe(413);
        expect(unread.body).toBe("too much\n".repeat(40_000));
      });

      test("C4: a short upload that the app does not look at keeps no connection: its client is told to close", async () => {
        const { ignored, pid } = await outcome();
        expect(ignored).toMatchObject({ body: pid, willClose: true });
      });

      test("C10: requests that came behind the one in hand are answered, where the server takes such at all", async () => {
        const { pipelined, pid } = await outcome();
        // Bun's own server closes a connection on which a request comes while another is worked on, drain or no drain.
        const isTaken = runtime === "deno" || mode === "compatible";
        expect(pipelined).toEqual(isTaken ? [pid, pid, pid] : ["lost", "lost", "lost"]);
      });

      test("then the process exits with 0, and nothing was cut", async () => {
        const { exit, said } = await outcome();
        expect(exit).toBe(0);
        expect(said).not.toContain("cut");
      });
    });
  }
}

async function inPieces(connection: RawConnection, piece: string, begun: Promise<unknown>): Promise<void> {
  connection.send(piece);
  await begun;
  for (let sent = 1; sent < PIECES; sent += 1) {
    await later(PIECE_EVERY_MS);
    connection.send(piece);
  }
}

async function throughOneDrain(runtime: "bun" | "deno", mode: string): Promise<Drained> {
  const listener = openShared("v4");
  const generation = startGeneration(runtime, {
    fds: [listener.fd],
    serve: { idleMs: IDLE_MS, drainMs: 20_000 },
    env: { SUPERVISOR_KIT_LISTEN: mode === "compatible" ? "compat" : "" },
  });
  expect(await generation.said).toMatchObject({ mode });
  /** A connection that the service has accepted. */
  const open = async (): Promise<RawConnection> => {
    const connection = await openRaw({ port: listener.port ?? 0 });
    expect((await connection.request("/")).willClose).toBe(false);
    return connection;
  };
  const connections = await Promise.all(Object.keys(kinds).map(open));
  const begun = Promise.withResolvers<void>();
  const results = Object.entries(kinds).map(async ([name, kind], index) => {
    const connection = connections[index] as RawConnection;
    const result = await kind(connection, begun.promise);
    connection.destroy();
    return [name, result] as const;
  });
  const witness = await open();
  const answer = witness.request("/draining");
  // What was sent until now has been read when this is answered.
  (await open()).destroy();
  generation.signal("SIGTERM");
  expect(await answer).toMatchObject({ willClose: true });
  begun.resolve();
  const all = Object.fromEntries(await Promise.all(results));
  witness.destroy();
  const exit = await generation.exited;
  listener.close();
  return { ...all, pid: String(generation.pid), exit, said: generation.stderr() } as Drained;
}
