import { Gate } from "./gate.ts";
import { Heap } from "./heap.ts";
import { Lanes } from "./lanes.ts";
import { type QueueOptions, queueOptions, SWEPT_AT_ONCE } from "./options.ts";
import type { Change, Enqueued, NewTask, Queue, Stats, Taken, Task, TaskError, TaskState } from "./queue.ts";
import { ALL_TYPES, QueueFull } from "./queue.ts";
import { taskIds } from "./task-id.ts";
import { afterFailure, anew, changeable, firstState, leaseExpired, plain } from "./transition.ts";
import { Wake } from "./wake.ts";

/** A task with what only the queue knows of it. `isGone`: it may still stand in a heap, and is to be passed over there. */
type Entry = { task: Task; seq: number; dueAt: number; lease: string | null; leaseUntil: number; isGone: boolean };

/** `at`: when it had ended. */
type Ended = Readonly<{ entry: Entry; at: number }>;

const earlier = (a: Entry, b: Entry) => (a.dueAt !== b.dueAt ? a.dueAt < b.dueAt : a.seq < b.seq);
const urgent = (a: Entry, b: Entry) =>
  a.task.priority !== b.task.priority ? a.task.priority > b.task.priority : earlier(a, b);

/** Keeps tasks in this process: for `run all-in-one` and tests. Nothing survives the process; nothing is forgotten within it unless it is discarded. */
export class MemoryQueue implements Queue {
  readonly url = "memory:";
  readonly #options: QueueOptions;
  readonly #newId: () => string;
  readonly #entries = new Map<string, Entry>();
  readonly #keys = new Map<string, Entry>();
  /** Those that may begin, by type. */
  readonly #ready = new Map<string, Lanes<Entry>>();
  readonly #delayed = new Heap<Entry>(earlier);
  readonly #running = new Set<Entry>();
  /** Those that have ended, the first to go first; one that was queued anew meanwhile may still stand here. */
  readonly #ended = new Heap<Ended>((a, b) => a.at < b.at);
  readonly #counts: Record<TaskState, number> = { queued: 0, running: 0, done: 0, failed: 0, dead: 0, cancelled: 0 };
  readonly #paused = new Set<string>();
  readonly #gate: Gate;
  readonly #wake = new Wake();
  #nextSeq = 0;
  #nextLease = 0;
  /** No lease ends before. */
  #firstLeaseEnd = Number.POSITIVE_INFINITY;

  constructor(options: Partial<QueueOptions> = {}) {
    this.#options = queueOptions(options);
    this.#newId = taskIds(this.#options.now);
    const dues = new Map<string, number>();
    this.#gate = new Gate(this.#options.limits, {
      isPaused: (type) => this.#paused.has(type) || this.#paused.has(ALL_TYPES),
      running: (type) => [...this.#running].filter(({ task }) => task.type === type).length,
      due: (type) => dues.get(type) ?? 0,
      setDue: (type, due) => dues.set(type, due),
    });
  }

  async enqueue(task: NewTask): Promise<Enqueued> {
    const known = task.idempotencyKey === undefined ? undefined : this.#keys.get(task.idempotencyKey);
    if (known) return { task: known.task, fresh: false };
    if (this.#counts.queued + this.#counts.failed >= this.#options.maxPending) throw new QueueFull();
    const now = this.#options.now();
    for (let swept = 0; swept < SWEPT_AT_ONCE; swept++) this.#sweep(now);
    const first = firstState(task, plain(task.payload), this.#newId(), this.#options.maxAttempts, now);
    const dueAt = now + (task.delayMs ?? 0);
    const entry: Entry = { task: first, seq: this.#nextSeq++, dueAt, lease: null, leaseUntil: 0, isGone: false };
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
    const entry = this.#mostUrgent(now)?.pop();
    if (!entry) return null;
    this.#gate.count(entry.task.type, now);
    this.#change(entry, { state: "running", attempts: entry.task.attempts + 1, started_at: now });
    entry.lease = `${this.#nextLease++}`;
    entry.leaseUntil = now + leaseMs;
    this.#firstLeaseEnd = Math.min(this.#firstLeaseEnd, entry.leaseUntil);
    this.#running.add(entry);
    return { task: entry.task, lease: entry.lease };
  }

  async renew(taken: Taken, leaseMs: number): Promise<boolean> {
    const entry = this.#held(taken);
    if (entry) entry.leaseUntil = this.#options.now() + leaseMs;
    return entry !== null;
  }

  async progress(taken: Taken, progress: unknown): Promise<boolean> {
    const entry = this.#held(taken);
    if (entry) this.#change(entry, { progress: plain(progress) });
    return entry !== null;
  }

  async done(taken: Taken, result: unknown): Promise<boolean> {
    const facts = { state: "done", result: plain(result), error: null, finished_at: this.#options.now() } as const;
    const entry = this.#held(taken);
    if (entry) this.#leave(entry, facts);
    return entry !== null;
  }

  async failed(taken: Taken, error: TaskError, retry: boolean, retryAfterMs = 0): Promise<boolean> {
    const entry = this.#held(taken);
    if (!entry) return false;
    const now = this.#options.now();
    const after = afterFailure(entry.task, { retry, retryAfterMs }, now, this.#options);
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

  async cancel(id: string): Promise<Change> {
    return this.#order(id, changeable.cancel, (entry) => {
      this.#leave(entry, { state: "cancelled", finished_at: this.#options.now() });
      entry.isGone = true;
    });
  }

  async retry(id: string): Promise<Change> {
    return this.#order(id, changeable.retry, (entry) => {
      const now = this.#options.now();
      this.#change(entry, anew);
      // Another entry: the one that was cancelled may still stand in a heap, by an order that must not change there.
      const next = { ...entry, dueAt: now, isGone: false };
      this.#entries.set(id, next);
      if (next.task.idempotency_key !== null) this.#keys.set(next.task.idempotency_key, next);
      this.#await(next, now);
    });
  }

  async discard(id: string): Promise<Change> {
    return this.#order(id, changeable.discard, ({ task }) => {
      this.#counts[task.state] -= 1;
      this.#entries.delete(id);
      if (task.idempotency_key !== null) this.#keys.delete(task.idempotency_key);
    });
  }

  async pause(type: string | null): Promise<void> {
    this.#paused.add(type ?? ALL_TYPES);
  }

  async resume(type: string | null): Promise<void> {
    this.#paused.delete(type ?? ALL_TYPES);
    this.#wake.ring();
  }

  async stats(): Promise<Stats> {
    let oldest = Number.POSITIVE_INFINITY;
    for (const waiting of [...this.#ready.values(), this.#delayed]) {
      for (const { task, isGone } of waiting.values()) {
        if (!isGone && task.state === "queued") oldest = Math.min(oldest, task.created_at);
      }
    }
    const oldest_queued_ms = Number.isFinite(oldest) ? this.#options.now() - oldest : null;
    return { ...this.#counts, oldest_queued_ms, paused: [...this.#paused].sort() };
  }

  async wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    let next = this.#delayed.peek()?.dueAt ?? Number.POSITIVE_INFINITY;
    for (const entry of this.#running) next = Math.min(next, entry.leaseUntil);
    const now = this.#options.now();
    for (const type of this.#gate.limited) next = Math.min(next, this.#gate.opensAfter(type, now) ?? next);
    await this.#wake.sleep(Math.min(timeoutMs, next - now), signal);
  }

  async close(): Promise<void> {
    this.#wake.ring();
  }

  #order(id: string, states: readonly TaskState[], change: (entry: Entry) => void): Change {
    const entry = this.#entries.get(id);
    if (!entry) return "unknown";
    if (!states.includes(entry.task.state)) return "refused";
    change(entry);
    return "changed";
  }

  #held(taken: Taken): Entry | null {
    const entry = this.#entries.get(taken.task.id);
    return entry?.lease === taken.lease ? entry : null;
  }

  #leave(entry: Entry, facts: Partial<Task>): void {
    this.#change(entry, facts);
    entry.lease = null;
    this.#running.delete(entry);
    if (this.#options.limits[entry.task.type]) this.#wake.ring();
  }

  #change(entry: Entry, facts: Partial<Task>): void {
    this.#counts[entry.task.state] -= 1;
    entry.task = changed(entry.task, facts);
    this.#counts[entry.task.state] += 1;
    if (facts.finished_at) this.#ended.push({ entry, at: facts.finished_at });
  }

  /** Forgets the one whose time is over, if there is one. */
  #sweep(now: number): void {
    const first = this.#ended.peek();
    if (!first || first.at > now - this.#options.keepMs) return;
    this.#ended.pop();
    const { entry, at } = first;
    if (entry.task.finished_at === at) void this.discard(entry.task.id);
  }

  #await(entry: Entry, now: number): void {
    if (entry.dueAt <= now) this.#readyOf(entry.task.type).push(entry);
    else this.#delayed.push(entry);
    this.#wake.ring();
  }

  #readyOf(type: string): Lanes<Entry> {
    const known = this.#ready.get(type);
    if (known) return known;
    const ready = new Lanes<Entry>(earlier);
    this.#ready.set(type, ready);
    return ready;
  }

  /** Where the most urgent one stands of those that may begin. */
  #mostUrgent(now: number): Lanes<Entry> | null {
    let best: Lanes<Entry> | null = null;
    let first: Entry | null = null;
    for (const [type, ready] of this.#ready) {
      while (ready.peek()?.isGone) ready.pop();
      const entry = ready.peek();
      if (!entry || (first && urgent(first, entry)) || !this.#gate.isOpen(type, now)) continue;
      best = ready;
      first = entry;
    }
    return best;
  }

  #reclaim(now: number): void {
    if (this.#firstLeaseEnd > now) return;
    this.#firstLeaseEnd = Number.POSITIVE_INFINITY;
    for (const entry of this.#running) {
      if (entry.leaseUntil > now) {
        this.#firstLeaseEnd = Math.min(this.#firstLeaseEnd, entry.leaseUntil);
        continue;
      }
      const dead = entry.task.attempts >= entry.task.max_attempts;
      this.#leave(entry, { state: dead ? "dead" : "failed", error: leaseExpired, finished_at: dead ? now : null });
      entry.dueAt = now;
      if (!dead) this.#readyOf(entry.task.type).push(entry);
    }
  }

  #promote(now: number): void {
    for (let next = this.#delayed.peek(); next && next.dueAt <= now; next = this.#delayed.peek()) {
      this.#delayed.pop();
      if (!next.isGone) this.#readyOf(next.task.type).push(next);
    }
  }
}

/** What is left out of the facts stays as it is. Why not by a spread: that takes as long as all else that is done to a task. */
function changed(task: Task, facts: Partial<Task>): Task {
  const { started_at, finished_at, progress, result, error } = facts;
  return {
    id: task.id,
    type: task.type,
    payload: task.payload,
    state: facts.state ?? task.state,
    attempts: facts.attempts ?? task.attempts,
    max_attempts: task.max_attempts,
    priority: task.priority,
    created_at: task.created_at,
    started_at: started_at === undefined ? task.started_at : started_at,
    finished_at: finished_at === undefined ? task.finished_at : finished_at,
    progress: progress === undefined ? task.progress : progress,
    result: result === undefined ? task.result : result,
    error: error === undefined ? task.error : error,
    idempotency_key: task.idempotency_key,
    traceparent: task.traceparent,
  };
}
