import assert from "node:assert/strict";
import type { QueueOptions } from "../../services/queue/options.ts";
import { type Queue, QueueFull, type Taken } from "../../services/queue/queue.ts";
import { type Case, LEASE_MS, none, put, START, type Store, take } from "./case.ts";
import { crowdCases } from "./crowd-cases.ts";
import { gateCases } from "./gate-cases.ts";
import { orderCases } from "./order-cases.ts";

const never = new AbortController().signal;

/** Runs one case on the store that `open` makes. */
export async function runCase(
  { hold, options }: Case,
  open: (options: Partial<QueueOptions>) => Promise<Queue>,
): Promise<void> {
  const store = { at: START } as Store;
  const fixed = { now: () => store.at, random: () => 0.5, backoff: { baseMs: 100, capMs: 1_000 }, ...options };
  store.queue = await open(fixed);
  try {
    await hold(store);
  } finally {
    await store.queue.close();
  }
}

/** The queue's contract, the same for every store. No case waits for time to pass. */
export const cases: readonly Case[] = [
  {
    promise: "a task comes out as it went in",
    async hold({ queue, at }) {
      const payload = { text: "é\u0000\n", deep: [1, { two: null }], big: 2 ** 53 };
      const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
      const { task, fresh } = await queue.enqueue({ type: "t", payload, traceparent, idempotencyKey: "k" });
      assert.equal(fresh, true);
      const wanted = { id: task.id, type: "t", payload, state: "queued", attempts: 0, max_attempts: 5, priority: 0 };
      const times = { created_at: at, started_at: null, finished_at: null };
      const whole = {
        ...wanted,
        ...times,
        progress: null,
        result: null,
        error: null,
        idempotency_key: "k",
        traceparent,
      };
      assert.deepEqual({ ...task }, whole);
      assert.deepEqual({ ...(await queue.get(task.id)) }, whole);
      assert.deepEqual((await take(queue)).task.payload, payload);
    },
  },
  {
    promise: "an unknown id is null",
    async hold({ queue }) {
      assert.equal(await queue.get("nobody"), null);
    },
  },
  {
    promise: "a task that is done keeps its result and is never taken again",
    async hold(store) {
      const { queue } = store;
      const { id } = await put(queue);
      const taken = await take(queue);
      store.at += 10;
      assert.equal(await queue.done(taken, { sum: 3 }), true);
      const task = await queue.get(id);
      assert.equal(task?.state, "done");
      assert.deepEqual(task?.result, { sum: 3 });
      assert.deepEqual([task?.started_at, task?.finished_at], [START, START + 10]);
      store.at += 10 * LEASE_MS;
      assert.equal(await queue.take("w", LEASE_MS), null);
      assert.equal(await queue.done(taken, { sum: 4 }), false);
      assert.deepEqual((await queue.get(id))?.result, { sum: 3 });
    },
  },
  {
    promise: "a result that is undefined is kept as null",
    async hold({ queue }) {
      const { id } = await put(queue);
      await queue.done(await take(queue), undefined);
      assert.equal((await queue.get(id))?.result, null);
    },
  },
  {
    promise: "tasks come out by priority, then in the order they came in",
    async hold({ queue }) {
      for (const [type, priority] of [
        ["a", 0],
        ["b", 0],
        ["low", -1],
        ["high", 7],
        ["c", 0],
        ["high2", 7],
      ] as const) {
        await queue.enqueue({ type, payload: null, priority });
      }
      const order: string[] = [];
      for (let taken = await queue.take("w", LEASE_MS); taken; taken = await queue.take("w", LEASE_MS)) {
        order.push(taken.task.type);
      }
      assert.deepEqual(order, ["high", "high2", "a", "b", "c", "low"]);
    },
  },
  {
    promise: "a delayed task rests until its time",
    async hold(store) {
      await put(store.queue, { delayMs: 500, priority: 9 });
      store.at += 499;
      assert.equal(await store.queue.take("w", LEASE_MS), null);
      store.at += 1;
      assert.equal((await take(store.queue)).task.attempts, 1);
    },
  },
  {
    promise: "a killed worker's task is taken again when its lease ends, and the attempt counts",
    async hold(store) {
      const { queue } = store;
      await put(queue);
      const lost = await take(queue);
      store.at += LEASE_MS - 1;
      assert.equal(await queue.take("w2", LEASE_MS), null);
      store.at += 1;
      const again = await take(queue);
      assert.equal(again.task.id, lost.task.id);
      assert.equal(again.task.attempts, 2);
      assert.notEqual(again.lease, lost.lease);
      assert.equal(await queue.done(lost, "late"), false);
      assert.equal(await queue.failed(lost, { code: "x", message: "late" }, true), false);
      assert.equal(await queue.release(lost), false);
      assert.equal(await queue.renew(lost, LEASE_MS), false);
      assert.equal(await queue.done(again, "right"), true);
      assert.equal((await queue.get(lost.task.id))?.result, "right");
    },
  },
  {
    promise: "a renewed lease holds",
    async hold(store) {
      const { queue } = store;
      await put(queue);
      const taken = await take(queue);
      for (let n = 0; n < 5; n += 1) {
        store.at += LEASE_MS - 1;
        assert.equal(await queue.renew(taken, LEASE_MS), true);
        assert.equal(await queue.take("w2", LEASE_MS), null);
      }
      assert.equal(await queue.done(taken, null), true);
    },
  },
  {
    promise: "a task whose workers keep dying is dead after its last attempt",
    async hold(store) {
      const { queue } = store;
      const { id } = await put(queue, { maxAttempts: 2 });
      for (let n = 0; n < 2; n += 1) {
        await take(queue);
        store.at += LEASE_MS;
      }
      assert.equal(await queue.take("w", LEASE_MS), null);
      const task = await queue.get(id);
      assert.deepEqual([task?.state, task?.error?.code, task?.attempts], ["dead", "lease-expired", 2]);
      assert.equal(task?.finished_at, store.at);
    },
  },
  {
    promise: "a failed attempt is retried after an exponential backoff, then the task is dead",
    async hold(store) {
      const { queue } = store;
      const { id } = await put(queue, { maxAttempts: 3 });
      for (const restMs of [50, 100]) {
        await queue.failed(await take(queue), { code: "e", message: "no" }, true);
        assert.equal((await queue.get(id))?.state, "failed");
        store.at += restMs - 1;
        assert.equal(await queue.take("w", LEASE_MS), null);
        store.at += 1;
      }
      assert.equal(await queue.failed(await take(queue), { code: "e", message: "last" }, true), true);
      const task = await queue.get(id);
      assert.deepEqual([task?.state, task?.attempts, task?.finished_at], ["dead", 3, store.at]);
      assert.deepEqual({ ...task?.error }, { code: "e", message: "last" });
      store.at += 1e9;
      assert.equal(await queue.take("w", LEASE_MS), null);
    },
  },
  {
    promise: "a failed attempt that says when another may be made rests until then, and not less than its backoff",
    async hold(store) {
      const { queue } = store;
      const { id } = await put(queue, { maxAttempts: 4 });
      for (const [retryAfterMs, restMs] of [
        [5_000, 5_000],
        [1, 100],
        [0, 200],
      ] as const) {
        assert.equal(
          await queue.failed(await take(queue), { code: "busy", message: "later" }, true, retryAfterMs),
          true,
        );
        store.at += restMs - 1;
        assert.equal(await queue.take("w", LEASE_MS), null);
        store.at += 1;
      }
      await queue.failed(await take(queue), { code: "busy", message: "later" }, true, 5_000);
      assert.equal((await queue.get(id))?.state, "dead");
    },
  },
  {
    promise: "a failure that no retry can mend kills at once; success later clears the error of an earlier try",
    async hold(store) {
      const { queue } = store;
      const { id } = await put(queue);
      await queue.failed(await take(queue), { code: "bad", message: "never" }, false);
      assert.equal((await queue.get(id))?.state, "dead");
      const second = await put(queue);
      await queue.failed(await take(queue), { code: "busy", message: "later" }, true);
      store.at += 1_000;
      await queue.done(await take(queue), 1);
      assert.equal((await queue.get(second.id))?.error, null);
    },
  },
  {
    promise: "a released task is due at once, its attempt not counted",
    async hold({ queue }) {
      const { id } = await put(queue, { maxAttempts: 1 });
      assert.equal(await queue.release(await take(queue)), true);
      const task = await queue.get(id);
      assert.deepEqual([task?.state, task?.attempts, task?.started_at], ["queued", 0, null]);
      assert.equal((await take(queue)).task.id, id);
    },
  },
  {
    promise: "a released task has its old place: it is taken before all that came after it",
    async hold(store) {
      const { queue } = store;
      const { id } = await put(queue);
      const taken = await take(queue);
      store.at += 10;
      await put(queue);
      store.at += 10;
      await queue.release(taken);
      assert.equal((await take(queue)).task.id, id);
    },
  },
  {
    promise: "an idempotency key names one task for ever",
    async hold({ queue }) {
      const first = await queue.enqueue({ type: "t", payload: 1, idempotencyKey: "k" });
      const both = await Promise.all(
        [2, 3].map((payload) => queue.enqueue({ type: "t", payload, idempotencyKey: "k" })),
      );
      for (const again of both)
        assert.deepEqual([again.fresh, again.task.id, again.task.payload], [false, first.task.id, 1]);
      await queue.done(await take(queue), null);
      const late = await queue.enqueue({ type: "t", payload: 4, idempotencyKey: "k" });
      assert.deepEqual([late.fresh, late.task.id, late.task.state], [false, first.task.id, "done"]);
      assert.equal((await queue.enqueue({ type: "t", payload: 1, idempotencyKey: "K" })).fresh, true);
      const stats = await queue.stats();
      assert.deepEqual([stats.done, stats.queued], [1, 1]);
    },
  },
  {
    promise: "the queue refuses more than its bound, takes a known key even then, and has room again after a take",
    options: { maxPending: 2 },
    async hold({ queue }) {
      await queue.enqueue({ type: "t", payload: 1, idempotencyKey: "k" });
      const three = await Promise.allSettled([put(queue), put(queue), put(queue)]);
      const refused = three.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
      assert.equal(refused.length, 2);
      assert.ok(refused.every((error) => error instanceof QueueFull));
      assert.equal((await queue.enqueue({ type: "t", payload: 1, idempotencyKey: "k" })).fresh, false);
      await take(queue);
      await put(queue);
    },
  },
  ...orderCases,
  ...gateCases,
  ...crowdCases,
  {
    promise: "a list goes by state and pages by id, oldest first",
    async hold({ queue }) {
      const ids: string[] = [];
      for (let n = 0; n < 5; n += 1) ids.push((await put(queue)).id);
      await queue.done(await take(queue), null);
      assert.deepEqual(
        (await queue.list({ limit: 10 })).map(({ id }) => id),
        ids,
      );
      const page = await queue.list({ state: "queued", limit: 2 });
      assert.deepEqual(
        page.map(({ id }) => id),
        ids.slice(1, 3),
      );
      const next = await queue.list({ state: "queued", limit: 10, after: page[1]?.id as string });
      assert.deepEqual(
        next.map(({ id }) => id),
        ids.slice(3),
      );
    },
  },
  {
    promise: "ids are UUIDs that rise, even when the clock falls back",
    async hold(store) {
      const ids: string[] = [];
      for (let n = 0; n < 50; n += 1) {
        store.at -= 1;
        ids.push((await put(store.queue)).id);
      }
      assert.deepEqual([...ids].sort(), ids);
      for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    },
  },
  {
    promise: "the counts tell how many tasks are in each state and how old the oldest queued one is",
    async hold(store) {
      const { queue } = store;
      assert.deepEqual({ ...(await queue.stats()) }, { ...none, oldest_queued_ms: null });
      for (let n = 0; n < 5; n += 1) await put(queue);
      await queue.done(await take(queue), null);
      await queue.failed(await take(queue), { code: "e", message: "" }, true);
      await queue.failed(await take(queue), { code: "e", message: "" }, false);
      await take(queue);
      store.at += 30;
      const wanted = { ...none, done: 1, failed: 1, dead: 1, running: 1, queued: 1, oldest_queued_ms: 30 };
      assert.deepEqual({ ...(await queue.stats()) }, wanted);
    },
  },
  {
    promise: "a sleeper wakes when a task comes in, and none is lost between looking and sleeping",
    async hold({ queue }) {
      for (let n = 0; n < 3; n += 1) {
        while (await queue.take("w", LEASE_MS));
        const sleeping = wakesWithin(queue, 5_000);
        await put(queue);
        assert.equal(await sleeping, true);
        await queue.done(await take(queue), null);
      }
      await put(queue);
      assert.equal(await wakesWithin(queue, 5_000), true);
    },
  },
  {
    promise: "a sleeper wakes for its signal and after its time",
    async hold({ queue }) {
      await queue.take("w", LEASE_MS);
      const stop = new AbortController();
      const sleeping = queue.wait(60_000, stop.signal).then(() => queue.wait(60_000, stop.signal));
      stop.abort();
      await sleeping;
      await queue.wait(60_000, stop.signal);
      await queue.wait(5, never).then(() => queue.wait(5, never));
    },
  },
  {
    promise: "a sleeper wakes when a rest or a lease ends",
    options: { now: Date.now },
    async hold({ queue }) {
      await put(queue, { delayMs: 20 });
      const first = await nextTask(queue, 25);
      const again = await nextTask(queue, 25);
      assert.deepEqual([again.task.id, again.task.attempts], [first.task.id, 2]);
    },
  },
];

/** Waits as a worker does: by sleeping until there is something to look at, never longer than 5 s in all. */
async function nextTask(queue: Queue, leaseMs: number): Promise<Taken> {
  const limit = performance.now() + 5_000;
  for (;;) {
    const taken = await queue.take("w", leaseMs);
    if (taken) return taken;
    assert.ok(performance.now() < limit, "woke in time");
    await queue.wait(5_000, never);
  }
}

/** Whether `wait` resolves by being woken; a spurious first wake-up is allowed. */
async function wakesWithin(queue: Queue, limitMs: number): Promise<boolean> {
  const start = performance.now();
  await queue.wait(limitMs, never);
  return performance.now() - start < limitMs;
}
