import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openQueue } from "../../services/queue/open.ts";
import type { Queue, Taken } from "../../services/queue/queue.ts";
import { openShared } from "../kit/fixtures/shared-listener.ts";
import { eventually } from "../support/eventually.ts";
import { within } from "../support/within.ts";
import { apiUrl, CLOSE, MAIN, startService, submit } from "./api-client.ts";
import { Program, type RuntimeName, runtimes } from "./program.ts";

setDefaultTimeout(60_000);

const BOUND_MS = 20_000;
const sum = { type: "report.aggregate", payload: { rows: [], group_by: "k", sum: "v" } };

let cwd: string;
let programs: Program[];
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "services-"));
  programs = [];
});
afterEach(async () => {
  for (const program of programs) program.child.kill("SIGKILL");
  await Promise.all(programs.map(({ exited }) => exited));
  rmSync(cwd, { recursive: true });
});

const file = () => join(cwd, "queue.db");

async function startApi(runtime: RuntimeName, ...settings: readonly string[]): Promise<string> {
  const api = startService({ runtime, mode: "api", cwd, settings: [`queue.url=sqlite:${file()}`, ...settings] });
  programs.push(api);
  return apiUrl(api);
}

/** The worker's part is the test's own. */
async function withWorker(use: (queue: Queue, take: () => Promise<Taken>) => Promise<void>): Promise<void> {
  const opened = await openQueue(`sqlite:${file()}`);
  if (!opened.ok) throw new Error(opened.message);
  const take = () => eventually(() => opened.queue.take("test", 60_000), BOUND_MS, "a task is due");
  await use(opened.queue, take).finally(() => opened.queue.close());
}

const get = async (url: string) => (await fetch(url, { headers: CLOSE })).text();
const streamsOf = async (url: string) => Number(/^api_event_streams (\d+)$/m.exec(await get(`${url}/metrics`))?.[1]);

type Event = Readonly<{ id: string | null; state: string }>;

/** Reads a stream to its end, and tells each event as it comes. */
async function follow(url: string, told: (event: Event) => void, lastId: string | null = null): Promise<number> {
  const headers = { ...CLOSE, ...(lastId !== null && { "last-event-id": lastId }) };
  const answer = await fetch(url, { headers });
  let text = "";
  for await (const part of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += part;
    const whole = text.split("\n\n");
    text = whole.pop() ?? "";
    for (const block of whole) {
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (data) told({ id: /^id: (.*)$/m.exec(block)?.[1] ?? null, state: JSON.parse(data).state });
    }
  }
  return answer.status;
}

describe.each(runtimes)("on %s", (runtime) => {
  test("while another process holds the file, writes are told so in time, more of them are refused at once, and all else goes on", async () => {
    const url = await startApi(runtime, "api.time_limit_ms=1000");
    const id = await submit(url, sum);
    const other = new DatabaseSync(file());
    other.exec("BEGIN IMMEDIATE");
    const post = async () => {
      const headers = { ...CLOSE, "idempotency-key": "order-17" };
      const answer = await fetch(`${url}/tasks`, { method: "POST", headers, body: JSON.stringify(sum) });
      const { code } = (await answer.json()) as { code?: string };
      return `${answer.status} ${code ?? ""} ${answer.headers.has("retry-after")}`;
    };
    const posts = Array.from({ length: 160 }, post);
    await within(Promise.race(posts), BOUND_MS, "a refusal");
    for (const path of [`/tasks/${id}`, "/tasks", "/healthz", "/readyz", "/metrics", "/info"]) {
      expect({ path, status: (await fetch(`${url}${path}`, { headers: CLOSE })).status }).toEqual({
        path,
        status: 200,
      });
    }
    const answers = await within(Promise.all(posts), BOUND_MS, "an answer to each");
    const of = (answer: string) => answers.filter((each) => each === answer).length;
    expect(of("503 overloaded true")).toBeGreaterThan(0);
    expect(of("503 timed-out true")).toBeGreaterThan(0);
    expect(of("503 overloaded true") + of("503 timed-out true")).toBe(160);
    other.exec("ROLLBACK");
    other.close();
    await eventually(async () => (await post()).startsWith("202"), BOUND_MS, "the writes are taken again");
    const { tasks } = JSON.parse(await get(`${url}/queue`));
    expect(tasks).toMatchObject({ queued: 2 });
  });

  test("a stream goes on at the new generation, ends with its task, and is not opened again", async () => {
    const listener = openShared("v4");
    const start = async () => {
      const set = ["--set", `queue.url=sqlite:${file()}`];
      const program = new Program({ runtime, script: [MAIN, "run", "api", ...set], cwd, lent: { http: listener.fd } });
      programs.push(program);
      await program.prints(/"event":"api\.listening"/);
      return program;
    };
    const old = await start();
    const url = `http://${listener.address}`;
    const events = `${url}/tasks/${await submit(url, sum)}/events`;
    const heard: Event[] = [];
    const first = Promise.withResolvers<void>();
    const before = follow(events, (event) => {
      heard.push(event);
      first.resolve();
    });
    await within(first.promise, BOUND_MS, "the task as it is");
    await start();
    const ended = old.end("SIGTERM");
    expect(await within(before, BOUND_MS, "the old generation ends the stream")).toBe(200);
    await withWorker(async (queue, take) => {
      const taken = await take();
      const after = follow(events, (event) => {
        heard.push(event);
        if (event.state === "running") void queue.done(taken, null);
      });
      expect(await within(after, BOUND_MS, "the task ends the stream")).toBe(200);
    });
    expect(heard.map(({ state }) => state)).toEqual(["queued", "running", "done"]);
    expect(await follow(events, () => {}, heard.at(-1)?.id)).toBe(204);
    expect(await ended).toBe(0);
    listener.close();
  });

  test("a client that never reads is left behind, one that goes is forgotten", async () => {
    const url = await startApi(runtime);
    const { hostname, port } = new URL(url);
    const path = `/tasks/${await submit(url, sum)}/events`;
    const dial = () => {
      const socket = connect(Number(port), hostname).pause();
      socket.write(`GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`);
      return socket;
    };
    const [deaf, gone] = [dial(), dial()];
    await eventually(async () => (await streamsOf(url)) === 2, BOUND_MS, "two streams are open");
    gone.destroy();
    await eventually(async () => (await streamsOf(url)) === 1, BOUND_MS, "the one that has gone is forgotten");
    await withWorker(async (queue, take) => {
      const taken = await take();
      let said = 0;
      const isLeft = async () => {
        await queue.progress(taken, `${said++}${"x".repeat(1_000_000)}`);
        return (await streamsOf(url)) === 0;
      };
      await eventually(isLeft, BOUND_MS, "the one that never reads is left");
      expect(said).toBeGreaterThan(1);
    });
    deaf.destroy();
  });
});
