import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../support/eventually.ts";
import { missingOf } from "../support/missing.ts";
import { RedisServer } from "../support/redis-server.ts";
import { mountRefusal, withSmallDisk } from "../support/small-disk.ts";
import { apiUrl, CLOSE, settled, startService, submit } from "./api-client.ts";
import { type RuntimeName, runtimes } from "./program.ts";

const LIMIT_MS = 30_000;
/** Longer than any time limit on the way to the store, the longest of which is 10 s. */
const AWAY_MS = 12_000;
const task = { type: "report.aggregate", payload: { rows: [{ k: "a", v: 1 }], group_by: "k", sum: "v" } };

/** What a question came to, as far as a client needs it. */
type Told = Readonly<{ status: number; code: unknown; state: unknown; age: boolean; retryAfter: boolean }>;

/** An API with its worker. */
type Pair = Readonly<{
  url: string;
  ask(path: string): Promise<Told>;
  post(): Promise<Told & Readonly<{ id: string }>>;
}>;

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "away-"));
});
afterEach(() => rmSync(cwd, { recursive: true }));

async function withPair(runtime: RuntimeName, store: string, use: (pair: Pair) => Promise<void>): Promise<void> {
  const [api, worker] = ["api", "worker"].map((mode) =>
    startService({ runtime, mode, cwd, settings: [`queue.url=${store}`] }),
  ) as [ReturnType<typeof startService>, ReturnType<typeof startService>];
  try {
    const url = await apiUrl(api);
    const tell = async (init: RequestInit, path: string) => {
      const answer = await fetch(`${url}${path}`, { ...init, headers: CLOSE });
      const { code = null, state = null, id = "" } = (await answer.json()) as Record<string, unknown>;
      const headers = { age: answer.headers.has("age"), retryAfter: answer.headers.has("retry-after") };
      return { status: answer.status, code, state, ...headers, id: String(id) };
    };
    const post = () => tell({ method: "POST", body: JSON.stringify(task) }, "/tasks");
    await use({ url, post, ask: (path) => tell({}, path) });
  } finally {
    await Promise.all([api, worker].map((program) => program.end("SIGKILL")));
  }
}

const isReady = async ({ ask }: Pair) => (await ask("/readyz")).status === 200;
const takesTasks = async ({ post }: Pair) => (await post()).status === 202;
const refused = { status: 503, code: "queue-unavailable", retryAfter: true };
const done = { status: 200, state: "done" };

async function hangs(pair: Pair, server: RedisServer): Promise<void> {
  const first = await submit(pair.url, task);
  await settled(pair.url, first);
  server.signal("SIGSTOP");
  for (const untilMs = performance.now() + AWAY_MS; performance.now() < untilMs; await sleep(500)) {
    expect(await pair.post()).toMatchObject(refused);
    expect(await pair.ask(`/tasks/${first}`)).toMatchObject({ ...done, age: true });
    expect(await pair.ask("/tasks/elsewhere")).toMatchObject(refused);
    expect(await isReady(pair)).toBe(false);
  }
  server.signal("SIGCONT");
  await eventually(() => isReady(pair), LIMIT_MS, "it is ready");
  expect(await pair.ask(`/tasks/${first}`)).toMatchObject({ ...done, age: false });
  const last = await submit(pair.url, task);
  await settled(pair.url, last);
  const { tasks } = (await (await fetch(`${pair.url}/tasks`, { headers: CLOSE })).json()) as {
    tasks: readonly { id: string }[];
  };
  // Nothing of what was refused.
  expect(tasks.map(({ id }) => id)).toEqual([first, last]);
}

const hasRedis = missingOf(["redis-server"]).length === 0;
if (!hasRedis) console.log("a Redis that hangs: not tried, redis-server is not installed");
test.skipIf(!hasRedis)(
  "while Redis hangs for longer than anybody waits writes are refused and what is known is told; afterwards all is as before",
  async () => {
    const each = runtimes.map(async (runtime) => {
      const server = await RedisServer.start();
      await withPair(runtime, server.url(), (pair) => hangs(pair, server)).finally(() => server.remove());
    });
    await Promise.all(each);
  },
  3 * LIMIT_MS,
);

test.each(runtimes)(
  "on %s, while the database is locked writes are refused and reads go on",
  (runtime) =>
    withPair(runtime, "sqlite:q.db", async (pair) => {
      const first = await submit(pair.url, task);
      await settled(pair.url, first);
      const holder = new DatabaseSync(join(cwd, "q.db"));
      holder.exec("BEGIN IMMEDIATE");
      expect(await pair.post()).toMatchObject(refused);
      expect(await pair.ask(`/tasks/${first}`)).toMatchObject({ ...done, age: false });
      holder.exec("ROLLBACK");
      holder.close();
      await eventually(() => takesTasks(pair), LIMIT_MS, "it takes tasks");
    }),
  2 * LIMIT_MS,
);

if (mountRefusal) console.log(`a full disk: not tried, nothing can be mounted here: ${mountRefusal}`);
test.skipIf(mountRefusal !== null).each(runtimes)(
  "on %s, while the disk is full writes are refused, and of what was accepted nothing is lost",
  (runtime) =>
    withSmallDisk(join(cwd, "disk"), (disk) =>
      withPair(runtime, "sqlite:disk/q.db", async (pair) => {
        const accepted = [await submit(pair.url, task)];
        disk.fill();
        // What the store has of the disk already may still have room.
        for (let tries = 0, isFull = false; !isFull; tries++) {
          const { id, ...told } = await pair.post();
          if (told.status === 202) accepted.push(id);
          else expect(told).toMatchObject(refused);
          isFull = told.status !== 202;
          expect(tries).toBeLessThan(10_000);
        }
        disk.free();
        await eventually(() => takesTasks(pair), LIMIT_MS, "it takes tasks");
        for (const id of accepted) expect((await settled(pair.url, id)).state).toBe("done");
      }),
    ),
  2 * LIMIT_MS,
);
