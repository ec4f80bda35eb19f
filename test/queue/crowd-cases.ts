import assert from "node:assert/strict";
import type { Taken } from "../../services/queue/queue.ts";
import { type Case, LEASE_MS, put, take } from "./case.ts";

/** Those that come in one moment, which a store may serve together. */
export const crowdCases: readonly Case[] = [
  {
    promise: "one task is taken once, however many ask at the same time",
    async hold({ queue }) {
      for (let n = 0; n < 5; n += 1) await put(queue);
      const taken = await Promise.all(Array.from({ length: 12 }, () => queue.take("w", LEASE_MS)));
      const ids = taken.flatMap((one) => (one ? [one.task.id] : []));
      assert.equal(ids.length, 5);
      assert.equal(new Set(ids).size, 5);
    },
  },
  {
    promise: "whoever asks in one moment is given another task, in their order, and each is ended by itself",
    async hold({ queue }) {
      const ids = (await Promise.all(Array.from({ length: 130 }, () => put(queue)))).map(({ id }) => id);
      const answers = await Promise.all(Array.from({ length: 140 }, () => queue.take("w", LEASE_MS)));
      const given = answers.flatMap((taken) => taken ?? []);
      assert.deepEqual(given.map(({ task }) => task.id).toSorted(), ids.toSorted());
      assert.equal(answers[0]?.task.id, ids[0]);
      const [first, second, third] = given as [Taken, Taken, Taken];
      const ended = [queue.done(first, 1), queue.release(second), queue.renew(third, LEASE_MS)];
      assert.deepEqual(await Promise.all(ended), [true, true, true]);
      assert.deepEqual(await Promise.all([queue.done(second, 2), queue.done(third, 3)]), [false, true]);
      assert.equal((await take(queue)).task.id, second.task.id);
    },
  },
  {
    promise: "the bound holds among those that come in one moment, beside those that leave",
    options: { maxPending: 2 },
    async hold({ queue }) {
      const asked = [1, 2, 3].map(() => queue.enqueue({ type: "t", payload: null }));
      assert.deepEqual(wordsOf(await Promise.allSettled(asked)), ["fulfilled", "fulfilled", "QueueFull"]);
      const taken = await take(queue);
      await take(queue);
      const [more, back, last] = [put(queue), queue.release(taken), queue.enqueue({ type: "t", payload: null })];
      assert.deepEqual(wordsOf(await Promise.allSettled([more, back, last])), ["fulfilled", "fulfilled", "QueueFull"]);
      assert.equal((await queue.stats()).queued, 2);
    },
  },
];

/** Why by name: what was refused is told apart from what the store could not do. */
function wordsOf(settled: readonly PromiseSettledResult<unknown>[]): readonly string[] {
  return settled.map((each) => (each.status === "fulfilled" ? "fulfilled" : (each.reason as Error).name));
}
