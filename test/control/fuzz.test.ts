import { describe, expect, test } from "bun:test";
import { createConnection } from "node:net";
import { createControl } from "../../supervisor/control/routes.ts";
import { schemas } from "../../supervisor/control/schema.ts";
import { createRandom } from "../sim/random.ts";
import { askControl } from "../support/control.ts";
import { withDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { descriptorsOf } from "../support/proc.ts";
import { within } from "../support/within.ts";
import { FakeDesk } from "./fixtures/fake-desk.ts";
import { type Odd, oddRequest } from "./fixtures/requests.ts";
import { fakeOptions } from "./fixtures/serve.ts";

/** What every answer has to be, whatever was asked. */
function checkAnswer(odd: Odd, status: number, contentType: string, body: string): void {
  const told = `${odd.method} ${odd.path.slice(0, 100)} → ${status} ${body.slice(0, 200)}`;
  expect({ told, isServerFault: status >= 500 }).toEqual({ told, isServerFault: false });
  if (status < 400 || odd.method === "HEAD") return;
  expect({ told, contentType }).toEqual({ told, contentType: "application/problem+json" });
  const problem = schemas.Problem.strict().safeParse(JSON.parse(body));
  expect({ told, error: problem.error?.message, status: problem.data?.status }).toEqual({
    told,
    error: undefined,
    status,
  });
}

test("whatever is asked of the routes, they answer, and refuse with a problem", async () => {
  const random = createRandom(20_261);
  const desk = new FakeDesk();
  const closing = new AbortController();
  const bugs: unknown[] = [];
  const onBug = (error: unknown) => bugs.push(error);
  const app = createControl(desk, fakeOptions({ closing: closing.signal, onBug }));
  const seen = new Set<number>();
  for (let times = 0; times < 1500; times++) {
    const odd = oddRequest(random);
    const { method, headers, body } = odd;
    const init = { method, headers, ...(method !== "GET" && method !== "HEAD" && { body: new Uint8Array(body) }) };
    const answer = await within(Promise.resolve(app.request(odd.path, init)), 5_000, `an answer to ${odd.path}`);
    const text = await within(answer.text(), 5_000, `the end of the answer to ${odd.path}`);
    checkAnswer(odd, answer.status, answer.headers.get("content-type") ?? "", text);
    seen.add(answer.status);
  }
  expect(bugs).toEqual([]);
  expect([200, 400, 404, 413].filter((status) => !seen.has(status))).toEqual([]);
  expect(desk.orders).toEqual([]);
  closing.abort();
  // What counts for /metrics listens until the end.
  await eventually(() => desk.listening === 0, 2_000, "nobody listens any more");
}, 60_000);

type Raw = Readonly<{ status: number; contentType: string; body: string }>;

/** Sends bytes, and gives the answer once the other side has closed; null: it closed without one. */
function send(path: string, bytes: Buffer): Promise<Raw | null> {
  const answer = new Promise<Raw | null>((resolve) => {
    const parts: Buffer[] = [];
    const socket = createConnection({ path });
    const end = (): void => {
      socket.destroy();
      resolve(parse(Buffer.concat(parts).toString("utf8")));
    };
    // The other side may close before it has read a body that is too large.
    socket
      .on("error", end)
      .on("close", end)
      .on("data", (part: Buffer) => parts.push(part));
    socket.on("connect", () => socket.write(bytes));
  });
  return within(answer, 10_000, `an answer to ${bytes.subarray(0, 200)}`);
}

function parse(text: string): Raw | null {
  const gap = text.indexOf("\r\n\r\n");
  const head = text.slice(0, gap);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
  if (status === 0) return null;
  const contentType = /^content-type: *(.*)$/im.exec(head)?.[1]?.trim() ?? "";
  const rest = text.slice(gap + 4);
  const isChunked = /^transfer-encoding: *chunked/im.test(head);
  return { status, contentType, body: isChunked ? rest.replace(/(?:^|\r\n)[0-9a-f]+\r\n/gi, "").trim() : rest };
}

function bytesOf({ method, path, headers, body }: Odd): Buffer {
  const all = { host: "localhost", connection: "close", ...headers, "content-length": String(body.length) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`), body]);
}

describe.each(["bun", "deno"] as const)("a real supervisor on %s", (runtime) => {
  const api = '[service]\ntype = "simple"\nexec_start = ["sleep", "1000"]\n';

  test(
    "answers whatever is asked, stays well, and keeps nothing open",
    () =>
      withDaemon({ runtime, units: { "api.toml": api } }, async (daemon) => {
        const random = createRandom(7);
        const { main_pid: pid } = await daemon.unit("api");
        const ask = () =>
          Promise.all(Array.from({ length: 8 }, () => send(daemon.controlPath, bytesOf(oddRequest(random)))));
        await ask();
        const before = descriptorsOf(daemon.pid).length;
        let answered = 0;
        for (let times = 0; times < 400; times++) {
          const odd = oddRequest(random);
          const answer = await send(daemon.controlPath, bytesOf(odd));
          if (answer === null || (answer.status === 400 && answer.contentType !== "application/problem+json")) continue;
          // What the runtime's own server refuses (a header that is too long) never comes to us.
          if (answer.status === 431 || answer.status === 414) continue;
          checkAnswer(odd, answer.status, answer.contentType, answer.body);
          answered++;
        }
        expect(answered).toBeGreaterThan(350);
        for (let times = 0; times < 100; times++) {
          const bytes = bytesOf(oddRequest(random));
          const at = random.below(Math.min(bytes.length, 60));
          bytes[at] = random.below(256);
          // Half a request is one that never comes to its end: we hang up first.
          await Promise.race([
            send(daemon.controlPath, bytes).catch(() => null),
            hangUpSoon(daemon.controlPath, bytes),
          ]);
        }
        expect((await askControl(daemon.controlPath, "/healthz"))?.status).toBe(200);
        expect(await daemon.unit("api")).toMatchObject({ active_state: "active", main_pid: pid, restarts: 0 });
        const open = () => descriptorsOf(daemon.pid).length;
        await eventually(() => open() <= before + 2, 15_000, "the descriptors of before", open);
      }),
    120_000,
  );
});

/** Sends bytes and leaves as soon as they are on their way. */
function hangUpSoon(path: string, bytes: Buffer): Promise<null> {
  return new Promise((resolve) => {
    const socket = createConnection({ path }, () => socket.write(bytes, () => socket.destroy()));
    socket.on("error", () => {}).on("close", () => resolve(null));
  });
}
