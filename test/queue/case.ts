import assert from "node:assert/strict";
import type { QueueOptions } from "../../services/queue/options.ts";
import type { NewTask, Queue, Taken } from "../../services/queue/queue.ts";

/** A promise of the queue, put to the test on one fresh store. `at` is the time as the queue sees it; move it by assigning. */
export type Case = Readonly<{ promise: string; options?: Partial<QueueOptions>; hold(store: Store): Promise<void> }>;
export type Store = { queue: Queue; at: number };

export const START = Date.UTC(2026, 0, 1);
/** Of every task that a case takes. */
export const LEASE_MS = 1_000;

export const none = { queued: 0, running: 0, done: 0, failed: 0, dead: 0, cancelled: 0, paused: [] as string[] };

export async function put(queue: Queue, task: Partial<NewTask> = {}) {
  return (await queue.enqueue({ type: "t", payload: {}, ...task })).task;
}

export async function take(queue: Queue): Promise<Taken> {
  const taken = await queue.take("w", LEASE_MS);
  assert.ok(taken, "a task was due");
  return taken;
}
