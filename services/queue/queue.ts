/**
 * The task queue as API and worker see it. Three stores keep it: memory, SQLite, Redis, with the same promises:
 *
 * - at-least-once: a task is acknowledged after its handler returned; a worker that dies loses its lease and the task is taken again;
 * - a failed attempt is retried with exponential backoff until `max_attempts`, then the task is dead;
 * - an idempotency key names one task for as long as that is kept: enqueueing it again gives back the first;
 * - a task that has ended is kept for its time, and then goes as others come in: each takes up to two with it;
 * - `enqueue` returns after the write is as durable as the store can make it.
 *
 * Units: every `…_at` is milliseconds since 1970 (wall time: it is stored and crosses machines), every `…Ms` a span in milliseconds.
 */
export interface Queue {
  /** Shape: `sqlite:/srv/app/data/queue.db`, for logs and `/info`; never with a password. */
  readonly url: string;
  /** Errors: QueueFull when `maxPending` waiting tasks are there already. */
  enqueue(task: NewTask): Promise<Enqueued>;
  get(id: string): Promise<Task | null>;
  list(filter: Readonly<{ state?: TaskState; limit: number; after?: string }>): Promise<readonly Task[]>;
  /**
   * Takes the next due task under a lease of `leaseMs`, or null when none is due.
   * A task whose lease ran out counts as due again.
   */
  take(worker: string, leaseMs: number): Promise<Taken | null>;
  /** Extends the lease. False: it is lost, the task belongs to somebody else, stop working on it. */
  renew(taken: Taken, leaseMs: number): Promise<boolean>;
  /** Notes how far it has come, in whatever words its handler likes. False: the lease is lost. */
  progress(taken: Taken, progress: unknown): Promise<boolean>;
  /** Acknowledges. False: the lease was lost before, and the result is not recorded. */
  done(taken: Taken, result: unknown): Promise<boolean>;
  /**
   * Records a failed attempt: queued again after the backoff, and not before `retryAfterMs` is over; or dead when attempts are
   * used up or `retry` is false.
   */
  failed(taken: Taken, error: TaskError, retry: boolean, retryAfterMs?: number): Promise<boolean>;
  /** Gives an unfinished task back, to the place it had in the queue, without counting the attempt (drain at its limit). */
  release(taken: Taken): Promise<boolean>;
  /** Takes a task that has not ended out of the queue. A worker that has it is told so when it renews its lease, and its outcome is not recorded. */
  cancel(id: string): Promise<Change>;
  /** Queues a task anew that is dead or was cancelled: as many attempts as at first, and no error. */
  retry(id: string): Promise<Change>;
  /** Forgets a task that has ended, and its idempotency key with it. */
  discard(id: string): Promise<Change>;
  /** No worker takes tasks of this type any more, or of any; what runs goes on. The store remembers it. */
  pause(type: string | null): Promise<void>;
  /** Takes that back. What was paused by its type stays so when all is resumed. */
  resume(type: string | null): Promise<void>;
  stats(): Promise<Stats>;
  /** Resolves when a task may be due, at the latest after `timeoutMs`, at once when the signal fires. */
  wait(timeoutMs: number, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** `failed` will be retried; `dead` will not. */
export const TASK_STATES = ["queued", "running", "done", "failed", "dead", "cancelled"] as const;
export type TaskState = (typeof TASK_STATES)[number];

/** In these a task has ended, and stays as it is unless somebody orders otherwise. */
export const ENDED_STATES = ["done", "dead", "cancelled"] as const satisfies readonly TaskState[];

export type TaskError = Readonly<{ code: string; message: string }>;

export type Task = Readonly<{
  id: string;
  type: string;
  payload: unknown;
  state: TaskState;
  attempts: number;
  max_attempts: number;
  priority: number;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
  /** What its handler said last of how far it has come; null: nothing. */
  progress: unknown;
  result: unknown;
  error: TaskError | null;
  idempotency_key: string | null;
  /** W3C traceparent of the request that made it. */
  traceparent: string | null;
}>;

export type NewTask = Readonly<{
  type: string;
  payload: unknown;
  idempotencyKey?: string;
  /** Higher first; default 0. */
  priority?: number;
  delayMs?: number;
  maxAttempts?: number;
  traceparent?: string;
}>;

/** What came of an order about one task. `unknown`: there is none of that id. `refused`: it is in no state for that. */
export type Change = "changed" | "unknown" | "refused";

/** `fresh` is false when the idempotency key was known. */
export type Enqueued = Readonly<{ task: Task; fresh: boolean }>;

/** A task together with the proof that it is ours until the lease ends. */
export type Taken = Readonly<{ task: Task; lease: string }>;

/** Stands among the paused types for all of them. */
export const ALL_TYPES = "*";

/** `paused`: the types that nobody takes. */
export type Stats = Readonly<
  Record<TaskState, number> & { oldest_queued_ms: number | null; paused: readonly string[] }
>;

/** Thrown by `enqueue`: the bound is reached, try again later. */
export class QueueFull extends Error {
  override readonly name = "QueueFull";
}

/** The store cannot be reached, or cannot do it now: locked, full, read-only. What was asked may yet have been done, unless it was `enqueue`. */
export class QueueUnavailable extends Error {
  override readonly name = "QueueUnavailable";
}
