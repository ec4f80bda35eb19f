import assert from "node:assert/strict";
import { type Case, LEASE_MS, none, put, take } from "./case.ts";

/** What can be ordered about one task, and how long it is kept after its end. */
export const orderCases: readonly Case[] = [
  {
    promise:
      "what a worker says of its progress is kept, as long as it has the task; a task that is queued anew has none",
    options: { maxAttempts: 1 },
    async hold(store) {
      const { queue } = store;
      const { id } = await put(queue);
      const taken = await take(queue);
      for (const progress of [{ lines: 1 }, { lines: 2 }]) assert.equal(await queue.progress(taken, progress), true);
      assert.deepEqual((await queue.get(id))?.progress, { lines: 2 });
      await queue.failed(taken, { code: "e", message: "no" }, true);
      assert.equal(await queue.progress(taken, "late"), false);
      assert.deepEqual((await queue.get(id))?.progress, { lines: 2 });
      await queue.retry(id);
      assert.equal((await queue.get(id))?.progress, null);
    },
  },
  {
    promise:
      "a task that waits, rests or runs can be cancelled; it is not taken, and a worker that had it has lost its lease",
    async hold(store) {
      const { queue } = store;
      const running = await put(queue);
      const taken = await take(queue);
      const [waiting, resting] = [await put(queue), await put(queue, { delayMs: 500 })];
      const last = await put(queue);
      for (const { id } of [running, waiting, resting]) assert.equal(await queue.cancel(id), "changed");
      const states = await Promise.all([running, waiting, resting].map(async ({ id }) => (await queue.get(id))?.state));
      assert.deepEqual(states, ["cancelled", "cancelled", "cancelled"]);
      assert.equal((await queue.get(waiting.id))?.finished_at, store.at);
      assert.equal(await queue.renew(taken, LEASE_MS), false);
      assert.equal(await queue.done(taken, "late"), false);
      store.at += 10 * LEASE_MS;
      assert.equal((await take(queue)).task.id, last.id);
      assert.equal(await queue.take("w", LEASE_MS), null);
      assert.equal(await queue.cancel(running.id), "refused");
      assert.equal(await queue.cancel("nobody"), "unknown");
      const { cancelled, queued, running: busy } = await queue.stats();
      assert.deepEqual([cancelled, queued, busy], [3, 0, 1]);
    },
  },
  {
    promise: "a dead task can be queued anew, with all its attempts, and so can a cancelled one",
    async hold(store) {
      const { queue } = store;
      const { id } = await put(queue, { maxAttempts: 1 });
      await queue.failed(await take(queue), { code: "e", message: "no" }, true);
      assert.equal(await queue.retry(id), "changed");
      const task = await queue.get(id);
      assert.deepEqual([task?.state, task?.attempts, task?.error, task?.finished_at], ["queued", 0, null, null]);
      const again = await take(queue);
      assert.deepEqual([again.task.id, again.task.attempts], [id, 1]);
      assert.equal(await queue.retry(id), "refused");
      await queue.done(again, 1);
      assert.equal(await queue.retry(id), "refused");
      assert.equal(await queue.retry("nobody"), "unknown");
      const second = await put(queue, { delayMs: 500, idempotencyKey: "k" });
      await queue.cancel(second.id);
      assert.equal(await queue.retry(second.id), "changed");
      assert.equal((await take(queue)).task.id, second.id);
      store.at += 1_000;
      assert.equal((await queue.enqueue({ type: "t", payload: 1, idempotencyKey: "k" })).task.state, "running");
    },
  },
  {
    promise: "a task that has ended can be forgotten, its idempotency key with it; one that has not is kept",
    async hold({ queue }) {
      const { task } = await queue.enqueue({ type: "t", payload: 1, idempotencyKey: "k" });
      assert.equal(await queue.discard(task.id), "refused");
      await queue.cancel(task.id);
      assert.equal(await queue.discard(task.id), "changed");
      assert.equal(await queue.get(task.id), null);
      assert.equal(await queue.discard(task.id), "unknown");
      assert.deepEqual(await queue.list({ limit: 10 }), []);
      assert.deepEqual({ ...(await queue.stats()) }, { ...none, oldest_queued_ms: null });
      const again = await queue.enqueue({ type: "t", payload: 2, idempotencyKey: "k" });
      assert.deepEqual([again.fresh, again.task.id === task.id], [true, false]);
      await queue.done(await take(queue), null);
      assert.equal(await queue.discard(again.task.id), "changed");
    },
  },
  {
    promise: "a task that has ended is kept for its time, and goes when others come in; one that was queued anew stays",
    options: { keepMs: 1_000, maxAttempts: 1 },
    async hold(store) {
      const { queue } = store;
      const first = (await queue.enqueue({ type: "t", payload: 1, idempotencyKey: "k" })).task;
      await queue.done(await take(queue), 1);
      const [second, third] = [await put(queue), await put(queue)];
      await queue.failed(await take(queue), { code: "e", message: "no" }, true);
      await queue.cancel(third.id);
      await queue.retry(second.id);
      store.at += 999;
      await put(queue);
      const there = async () => Promise.all([first, second, third].map(async ({ id }) => (await queue.get(id))?.state));
      assert.deepEqual(await there(), ["done", "queued", "cancelled"]);
      store.at += 1;
      await put(queue);
      await put(queue);
      assert.deepEqual(await there(), [undefined, "queued", undefined]);
      assert.deepEqual((await queue.stats()).done, 0);
      assert.equal((await queue.enqueue({ type: "t", payload: 1, idempotencyKey: "k" })).fresh, true);
      assert.equal((await take(queue)).task.id, second.id);
    },
  },
  {
    promise: "what was cancelled leaves room for others",
    options: { maxPending: 1 },
    async hold({ queue }) {
      const { id } = await put(queue, { delayMs: 500 });
      await queue.cancel(id);
      await put(queue);
    },
  },
];
