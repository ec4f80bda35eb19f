import { expect, test } from "bun:test";
import { MemoryQueue } from "../../services/queue/memory.ts";
import { QueueUnavailable } from "../../services/queue/queue.ts";
import { api, good } from "./api.ts";

const STUCK = { enqueue: () => new Promise<never>(() => {}) };

test("a queue that does not answer is not waited for: 503, when to come again, and that nobody knows what will be", async () => {
  const { post, app } = api({ queue: Object.assign(new MemoryQueue(), STUCK), timeLimitMs: 20 });
  const answer = await post(good);
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(await answer.json()).toMatchObject({
    code: "timed-out",
    detail: "There was no answer within 20 ms; whether it will be done is not known.",
    request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  expect((await app.request("/tasks")).status).toBe(200);
  expect(await (await app.request("/metrics")).text()).toContain('api_submissions_total{outcome="late"} 1');
});

test("what is written after its time is written all the same, and told once", async () => {
  const queue = new MemoryQueue();
  const enqueue = queue.enqueue.bind(queue);
  const go = Promise.withResolvers<void>();
  queue.enqueue = (task) => go.promise.then(() => enqueue(task));
  const { post, reported } = api({ queue, timeLimitMs: 20 });
  const headers = { "idempotency-key": "order-17" };
  expect((await post(good, headers)).status).toBe(503);
  go.resolve();
  const [again, andAgain] = [await post(good, headers), await post(good, headers)];
  expect([again.status, await again.json()]).toEqual([202, await andAgain.json()]);
  expect((await queue.stats()).queued).toBe(1);
  expect(reported).toEqual([]);
});

test("a queue that cannot be reached is 503, and no fault of ours", async () => {
  const gone = { enqueue: () => Promise.reject(new QueueUnavailable("redis: ECONNREFUSED 10.0.0.7:6379")) };
  const { post, app, reported } = api({ queue: Object.assign(new MemoryQueue(), gone) });
  const answer = await post(good);
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
  const text = await answer.text();
  expect(JSON.parse(text)).toMatchObject({ code: "queue-unavailable" });
  expect(text).not.toContain("10.0.0.7");
  expect(reported).toEqual([]);
  expect(await (await app.request("/metrics")).text()).toContain('api_submissions_total{outcome="unavailable"} 1');
});
