import { randomUUID } from "node:crypto";
import { Heap } from "./heap.ts";
import { type QueueOptions, queueOptions } from "./options.ts";
import type { Enqueued, NewTask, Queue, Stats, Taken, Task, TaskError, TaskState } from "./queue.ts";
import { QueueFull } from "./queue.ts";
import { taskIds } from "./task-id.ts";
import { afterFailure, firstState, leaseExpired } from "./transition.ts";
import { Wake } from "./wake.ts";

/** A task with what only the queue knows of it. */
type Entry = { task: Task; seq: number; dueAt: number; lease: string | null; leaseUntil: number };

const earlier = (a: Entry, b: Entry) => (a.dueAt !== b.dueAt ? a.dueAt < b.dueAt : a.seq < b.seq);
const urgent = (a: Entry, b: Entry) =>
  a.task.priority !== b.task.priority ? a.task.priority > b.task.priority : earlier(a, b);

/** Keeps tasks in this process: for `run all-in-one` and tests. Nothing survives the process; nothing is ever forgotten within it. */
export class MemoryQueue implements Queue {
  readonly url = "memory:";
  readonly #options: QueueOptions;
  readonly #newId: () => string;
  readonly #entries = new Map<string, Entry>();
  readonly #keys = new Map<string, Entry>();
  readonly #ready = new Heap<Entry>(urgent);
  readonly #delayed = new Heap<Entry>(earlier);
  readonly #running = new Set<Entry>();
  readonly #counts: Record<TaskState, number> = { queued: 0, running: 0, done: 0, failed: 0, dead: 0, cancelled: 0 };
  readonly #wake = new Wake();

  constructor(options: Partial<QueueOptions> = {}) {
    this.#options = queueOptions(options);
    this.#newId = taskIds(this.#options.now);
  }

  async enqueue(task: NewTask): Promise<Enqueued> {
    const known = task.idempotencyKey === undefined ? undefined : this.#keys.get(task.idempotencyKey);
    if (known) return { task: known.task, fresh: false };
    if (this.#ready.size + this.#delayed.size >= this.#options.maxPending) throw new QueueFull();
    const now = this.#options.now();
    const first = firstState({ ...task, payload: copy(task.payload) }, this.#newId(), this.#options.maxAttempts, now);
    const dueAt = now + (task.delayMs ?? 0);
    const entry: Entry = { task: first, seq: this.#entries.size, dueAt, lease: null, leaseUntil: 0 };
    this.#entries.set(first.id, entry);
    this.#counts.queued += 1;
    if (first.idempotency_key !== null) this.#keys.set(first.idempotency_key, entry);
    this.#await(entry, now);
    return { task: first, fresh: true };
  }

  async get(id: string): Promise<Task | null> {
    return this.#entries.get(id)?.task ?? null;
  }

  async list(filter: Readonly<{ state?: TaskState; limit: number; after?: string }>): Promise<readonly Task[]> {
    const found: Task[] = [];
    for (const { task } of this.#entries.values()) {
      if (found.length >= filter.limit) break;
      if (filter.after !== undefined && task.id <= filter.after) continue;
      if (filter.state === undefined || task.state === filter.state) found.push(task);
    }
    return found;
  }

  async take(_worker: string, leaseMs: number): Promise<Taken | null> {
    const now = this.#options.now();
    this.#wake.reset();
    this.#reclaim(now);
    this.#promote(now);
    const entry = this.#ready.pop();
    if (!entry) return null;
    this.#change(entry, { state: "running", attempts: entry.task.attempts + 1, started_at: now });
    entry.lease = randomUUID();
    entry.leaseUntil = now + leaseMs;
    this.#running.add(entry);
    return { task: entry.task, lease: entry.lease };
  }

  async renew(taken: Taken, leaseMs: number): Promise<boolean> {
    const entry = this.#held(taken);
    if (entry) entry.leaseUntil = this.#options.now() + leaseMs;
    return entry !== null;
  }

  async done(taken: Taken, result: unknown): Promise<boolean> {
    const facts = { state: "done", result: copy(result), error: null, finished_at: this.#options.now() } as const;
    const entry = this.#held(taken);
    if (entry) this.#leave(entry, facts);
    return entry !== null;
  }

  async failed(taken: Taken, error: TaskError, retry: boolean): Promise<boolean> {
    const entry = this.#held(taken);
    if (!entry) return false;
    const now = this.#options.now();
    const after = afterFailure(entry.task, retry, now, this.#options);
    this.#leave(entry, { state: after.state, error, finished_at: after.state === "dead" ? now : null });
    if (after.dueAt === null) return true;
    entry.dueAt = after.dueAt;
    this.#await(entry, now);
    return true;
  }

  async release(taken: Taken): Promise<boolean> {
    const entry = this.#held(taken);
    if (!entry) return false;
    this.#leave(entry, { state: "queued", attempts: entry.task.attempts - 1, started_at: null });
    this.#await(entry, this.#options.now());
    return true;
  }

  async stats(): Promise<Stats> {
    let oldest = Number.POSITIVE_INFINITY;
    for (const waiting of [this.#ready, this.#delayed]) {
      for (const { task } of waiting.values()) if (task.state === "queued") oldest = Math.min(oldest, task.created_at);
    }
    return { ...this.#counts, oldest_queued_ms: Number.isFinite(oldest) ? this.#options.now() - oldest : null };
  }

  async wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    let next = this.#delayed.peek()?.dueAt ?? Number.POSITIVE_INFINITY;
    for (const entry of this.#running) next = Math.min(next, entry.leaseUntil);
    await this.#wake.sleep(Math.min(timeoutMs, next - this.#options.now()), signal);
  }

  async close(): Promise<void> {
    this.#wake.ring();
  }

  #held(taken: Taken): Entry | null {
    const entry = this.#entries.get(taken.task.id);
    return entry?.lease === taken.lease ? entry : null;
  }

  #leave(entry: Entry, facts: Partial<Task>): void {
    this.#change(entry, facts);
    entry.lease = null;
    this.#running.delete(entry);
  }

  #change(entry: Entry, facts: Partial<Task>): void {
    this.#counts[entry.task.state] -= 1;
    entry.task = { ...entry.task, ...facts };
    this.#counts[entry.task.state] += 1;
  }

  #await(entry: Entry, now: number): void {
    (entry.dueAt <= now ? this.#ready : this.#delayed).push(entry);
    this.#wake.ring();
  }

  #reclaim(now: number): void {
    for (const entry of this.#running) {
      if (entry.leaseUntil > now) continue;
      const dead = entry.task.attempts >= entry.task.max_attempts;
      this.#leave(entry, { state: dead ? "dead" : "failed", error: leaseExpired, finished_at: dead ? now : null });
      entry.dueAt = now;
      if (!dead) this.#ready.push(entry);
    }
  }

  #promote(now: number): void {
    for (let next = this.#delayed.peek(); next && next.dueAt <= now; next = this.#delayed.peek()) {
      this.#delayed.pop();
      this.#ready.push(next);
    }
  }
}

/** A task is data: what a caller changes afterwards must not reach the queue. */
function copy(value: unknown): unknown {
  return value === undefined ? null : JSON.parse(JSON.stringify(value));
}
