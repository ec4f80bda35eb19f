import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { openQueue } from "../../../services/queue/open.ts";
import type { QueueOptions } from "../../../services/queue/options.ts";
import { type Queue, QueueUnavailable } from "../../../services/queue/queue.ts";
import type { Case } from "../../support/case.ts";
import { eventually } from "../../support/eventually.ts";
import { RedisServer } from "../../support/redis-server.ts";
import { within } from "../../support/within.ts";
import { put, take } from "../case.ts";
import { opened } from "../stores.ts";

const LIMIT_MS = 20_000;
/** Of the tasks that are made while the connections are cut. */
const COUNT = 200;
const never = new AbortController().signal;

type Scene = Readonly<{ server: RedisServer; queue: Queue }>;

/** What the store in Redis keeps to when the server does not. */
export const cases: readonly Case[] = [
  scene(
    "a server that is killed while tasks come in has lost none that was acknowledged",
    async ({ server, queue }) => {
      const acknowledged: string[] = [];
      const load = Promise.all(Array.from({ length: 8 }, () => putUntilRefused(queue, acknowledged)));
      await eventually(() => acknowledged.length > 200, LIMIT_MS, "200 tasks");
      await server.kill();
      await within(load, LIMIT_MS, "the refusals");
      await server.start();
      await eventually(() => isBack(queue), LIMIT_MS, "the connection");
      for (const id of acknowledged) assert.equal((await queue.get(id))?.state, "queued");
    },
  ),
  scene(
    "who sleeps while the server is killed wakes for what comes after its next start",
    async ({ server, queue }) => {
      assert.equal(await queue.take("w", 1_000), null);
      await server.kill();
      await server.start();
      await eventually(() => isBack(queue), LIMIT_MS, "the connection");
      while (await queue.take("w", 1_000));
      const sleeping = sleepUntilTaken(queue);
      await put(queue);
      await within(sleeping, LIMIT_MS, "the task");
    },
  ),
  scene("an outcome that the server was not there for is kept in hand until it is back", async ({ server, queue }) => {
    const { id } = await put(queue);
    const taken = await take(queue);
    await server.kill();
    const done = queue.done(taken, "right");
    await server.start();
    assert.equal(await within(done, LIMIT_MS, "the outcome"), true);
    assert.equal((await queue.get(id))?.result, "right");
  }),
  scene("a server that begins anew with nothing is taken as it is", async ({ server, queue }) => {
    const { id } = await put(queue);
    const taken = await take(queue);
    await server.restartEmpty();
    await eventually(() => isBack(queue), LIMIT_MS, "the connection");
    assert.equal(await queue.get(id), null);
    assert.equal(await queue.done(taken, 1), false);
    await put(queue);
    assert.equal(await queue.done(await take(queue), 1), true);
  }),
  scene(
    "while the server hangs a task is refused in time, and has not been taken when it goes on",
    async ({ server, queue }) => {
      server.signal("SIGSTOP");
      const began = performance.now();
      await assert.rejects(put(queue), QueueUnavailable);
      assert.ok(performance.now() - began < 5_000);
      server.signal("SIGCONT");
      await eventually(() => isBack(queue), LIMIT_MS, "the answer");
      assert.deepEqual(await queue.list({ limit: 10 }), []);
    },
  ),
  scene(
    "connections that are cut all the time make no task twice, end none twice and lose none",
    async ({ server, queue }) => {
      const made: string[] = [];
      const ended: string[] = [];
      const cutting = cutAgainAndAgain(server, () => made.length + ended.length, 2 * COUNT);
      await Promise.all(Array.from({ length: 8 }, () => make(queue, made)));
      await Promise.all(Array.from({ length: 8 }, () => work(queue, ended)));
      await cutting;
      await eventually(() => isBack(queue), LIMIT_MS, "the connection");
      const { done, queued, running, failed } = await queue.stats();
      assert.deepEqual([done, queued, running, failed], [made.length, 0, 0, 0]);
      assert.deepEqual(ended.toSorted(), made.toSorted());
    },
  ),
  scene(
    "a server whose memory is full is told as unavailable, and what runs can end once there is room",
    async ({ server, queue }) => {
      await put(queue);
      const taken = await take(queue);
      server.ask("config", "set", "maxmemory", "1mb");
      await assert.rejects(put(queue), /OOM|memory/);
      const done = queue.done(taken, 1);
      server.ask("config", "set", "maxmemory", "0");
      assert.equal(await within(done, LIMIT_MS, "the outcome"), true);
      await put(queue);
    },
  ),
  {
    promise:
      "a password is asked for, taken from the URL, and in no message; a wrong one is a fault of the configuration",
    run: () =>
      withServer(["--requirepass", "secret"], async (server) => {
        const url = new URL(server.url());
        for (const password of ["", "wrong-secret"]) {
          url.password = password;
          const refused = await openQueue(url.href);
          assert.equal(!refused.ok && refused.isConfig, true);
          assert.ok(!JSON.stringify(refused).includes("secret"));
        }
        url.password = "secret";
        const queue = await opened(url.href);
        assert.equal(queue.url, `redis://127.0.0.1:${server.port}/0`);
        await put(queue);
        await queue.close();
      }),
  },
  {
    promise: "a server that promises less than a queue should is warned of",
    run: () =>
      withServer(
        ["--appendonly", "no", "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"],
        async (server) => {
          const result = await openQueue(server.url());
          assert.ok(result.ok);
          assert.deepEqual(
            result.warnings.map((warning) => /set (\S+)/.exec(warning)?.[1]),
            ["appendonly", "maxmemory-policy"],
          );
          await result.queue.close();
        },
      ),
  },
];

/** A case with a server of its own and a queue on it. */
function scene(promise: string, hold: (scene: Scene) => Promise<void>, options: Partial<QueueOptions> = {}): Case {
  const run = () =>
    withServer([], async (server) => {
      const queue = await opened(server.url(), options);
      try {
        await hold({ server, queue });
      } finally {
        await queue.close();
      }
    });
  return { promise, run };
}

async function withServer(settings: readonly string[], use: (server: RedisServer) => Promise<void>): Promise<void> {
  const server = await RedisServer.start(settings);
  try {
    await use(server);
  } finally {
    await server.remove();
  }
}

async function putUntilRefused(queue: Queue, acknowledged: string[]): Promise<void> {
  for (;;) {
    const made = await put(queue).catch((error: unknown) => {
      assert.ok(error instanceof QueueUnavailable, `${error}`);
      return null;
    });
    if (!made) return;
    acknowledged.push(made.id);
  }
}

const isBack = (queue: Queue) =>
  queue.stats().then(
    () => true,
    () => false,
  );

async function sleepUntilTaken(queue: Queue): Promise<void> {
  while (!(await queue.take("w", 1_000))) await queue.wait(LIMIT_MS, never);
}

/** Cuts all connections whenever something has come through since the last cut. */
async function cutAgainAndAgain(server: RedisServer, progress: () => number, end: number): Promise<void> {
  while (progress() < end) {
    const before = progress();
    server.ask("client", "kill", "type", "normal");
    await eventually(() => progress() > before, LIMIT_MS, "something comes through");
  }
}

async function make(queue: Queue, made: string[]): Promise<void> {
  while (made.length < COUNT) {
    const place = made.push("") - 1;
    made[place] = (await put(queue)).id;
  }
}

/** Works as a worker does that reports every fault and goes on, until so many have ended. */
async function work(queue: Queue, ended: string[]): Promise<void> {
  while (ended.length < COUNT) {
    const taken = await queue.take("w", 30_000).catch(() => null);
    if (!taken) await sleep(5);
    else if (await queue.done(taken, null)) ended.push(taken.task.id);
  }
}
