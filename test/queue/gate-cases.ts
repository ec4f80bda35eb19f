import assert from "node:assert/strict";
import { type Case, LEASE_MS, put, take } from "./case.ts";

const failure = { code: "e", message: "no" };

/** Who may begin: what is paused, and how much of a type goes on at a time. */
export const gateCases: readonly Case[] = [
  {
    promise: "while all is paused nothing is taken, what runs goes on, and afterwards it goes on as before",
    async hold({ queue }) {
      const { id } = await put(queue);
      const taken = await take(queue);
      await queue.pause(null);
      await put(queue);
      assert.equal(await queue.take("w", LEASE_MS), null);
      assert.equal(await queue.renew(taken, LEASE_MS), true);
      assert.equal(await queue.done(taken, 1), true);
      assert.equal((await queue.get(id))?.state, "done");
      assert.deepEqual((await queue.stats()).paused, ["*"]);
      await queue.resume(null);
      await take(queue);
      assert.deepEqual((await queue.stats()).paused, []);
    },
  },
  {
    promise: "while a type is paused the others go on, and it stays paused when all is resumed",
    async hold({ queue }) {
      await queue.pause("a");
      await queue.pause("a");
      await queue.pause(null);
      await put(queue, { type: "a", priority: 9 });
      const other = await put(queue, { type: "b" });
      await queue.resume(null);
      assert.deepEqual((await queue.stats()).paused, ["a"]);
      assert.equal((await take(queue)).task.id, other.id);
      assert.equal(await queue.take("w", LEASE_MS), null);
      await queue.resume("a");
      assert.equal((await take(queue)).task.type, "a");
    },
  },
  {
    promise: "a sleeper wakes when what it waits for is resumed",
    async hold({ queue }) {
      await queue.pause("a");
      await put(queue, { type: "a" });
      assert.equal(await queue.take("w", LEASE_MS), null);
      const begin = performance.now();
      const sleeping = queue.wait(5_000, new AbortController().signal);
      await queue.resume("a");
      await sleeping;
      assert.ok(performance.now() - begin < 5_000);
    },
  },
  {
    promise: "no more of a type run at a time than may; others pass them by; each end lets the next one begin",
    options: { limits: { a: { concurrency: 2 } }, maxAttempts: 1 },
    async hold(store) {
      const { queue } = store;
      for (let n = 0; n < 7; n += 1) await put(queue, { type: "a", payload: n, priority: 1 });
      const low = await put(queue, { type: "b" });
      const [first, second] = [await take(queue), await take(queue)];
      assert.equal((await take(queue)).task.id, low.id);
      const next = async () => (await queue.take("w", LEASE_MS))?.task.payload;
      assert.equal(await next(), undefined);
      await queue.done(first, null);
      assert.deepEqual([await next(), await next()], [2, undefined]);
      await queue.failed(second, failure, false);
      assert.deepEqual([await next(), await next()], [3, undefined]);
      store.at += LEASE_MS;
      const [fifth, sixth] = [await take(queue), await take(queue)];
      assert.deepEqual([fifth.task.payload, sixth.task.payload, await next()], [4, 5, undefined]);
      await queue.release(fifth);
      assert.deepEqual([await next(), await next()], [4, undefined]);
      await queue.cancel(sixth.task.id);
      assert.deepEqual([await next(), await next()], [6, undefined]);
    },
  },
  {
    promise: "no more of a type begin in a second than may, and what was let pass is not made up for",
    options: { limits: { a: { perSecond: 4 } } },
    async hold(store) {
      const { queue } = store;
      for (let n = 0; n < 40; n += 1) await put(queue, { type: "a" });
      const begun = async (forMs: number) => {
        let count = 0;
        for (const until = store.at + forMs; store.at < until; store.at += 10) {
          while (await queue.take("w", 1e9)) count += 1;
        }
        return count;
      };
      assert.equal(await begun(1_000), 4);
      assert.equal(await begun(2_000), 8);
      for (const { id } of await queue.list({ state: "queued", limit: 14 })) await queue.cancel(id);
      store.at += 60_000;
      assert.equal(await begun(1_000), 4);
    },
  },
  {
    promise: "a sleeper wakes when the limit of a type lets the next one begin",
    options: { now: Date.now, limits: { a: { perSecond: 5, concurrency: 1 } } },
    async hold({ queue }) {
      await put(queue, { type: "a" });
      await put(queue, { type: "a" });
      const begin = performance.now();
      const first = await take(queue);
      assert.equal(await queue.take("w", LEASE_MS), null);
      const sleeping = queue.wait(5_000, new AbortController().signal);
      await queue.done(first, null);
      await sleeping;
      while (!(await queue.take("w", LEASE_MS))) await queue.wait(5_000, new AbortController().signal);
      const tookMs = performance.now() - begin;
      assert.ok(tookMs > 150 && tookMs < 5_000, `${tookMs}`);
    },
  },
];
