import { type Backoff, backoffMs } from "./backoff.ts";
import { ENDED_STATES, type NewTask, type Task, type TaskError, type TaskState } from "./queue.ts";

/** What a failed attempt makes of a task: `dueAt` is set exactly when it will be tried again. */
export type AfterFailure = Readonly<{ state: "failed"; dueAt: number } | { state: "dead"; dueAt: null }>;

/** Decides between another attempt, by the backoff and not before `retryAfterMs` is over, and the end. Units: `nowMs` is wall time. */
export function afterFailure(
  task: Readonly<{ attempts: number; max_attempts: number }>,
  { retry, retryAfterMs }: Readonly<{ retry: boolean; retryAfterMs: number }>,
  nowMs: number,
  chance: Readonly<{ backoff: Backoff; random: () => number }>,
): AfterFailure {
  if (!retry || task.attempts >= task.max_attempts) return { state: "dead", dueAt: null };
  const restMs = Math.max(retryAfterMs, backoffMs(task.attempts, chance.backoff, chance.random));
  return { state: "failed", dueAt: nowMs + restMs };
}

/** In which states a task can be cancelled, queued anew, forgotten. */
export const changeable = {
  cancel: ["queued", "failed", "running"],
  retry: ["dead", "cancelled"],
  discard: ENDED_STATES,
} as const satisfies Record<string, readonly TaskState[]>;

/** As a task is that nothing has happened to yet, and one that is queued anew. */
export const anew = {
  state: "queued",
  attempts: 0,
  started_at: null,
  finished_at: null,
  progress: null,
  result: null,
  error: null,
} as const;

/** The error of a task whose worker went silent: killed, hung, or cut off from the queue. */
export const leaseExpired: TaskError = { code: "lease-expired", message: "The worker did not renew its lease." };

/** Makes the first state of a task. `payload`: its own, as JSON has it. Why not by a spread: it is made for each task, and that takes as long as all of it. */
export function firstState(task: NewTask, payload: unknown, id: string, maxAttempts: number, nowMs: number): Task {
  return {
    id,
    type: task.type,
    payload,
    state: anew.state,
    attempts: anew.attempts,
    max_attempts: task.maxAttempts ?? maxAttempts,
    priority: task.priority ?? 0,
    created_at: nowMs,
    started_at: null,
    finished_at: null,
    progress: null,
    result: null,
    error: null,
    idempotency_key: task.idempotencyKey ?? null,
    traceparent: task.traceparent ?? null,
  };
}

/** A task is data, as JSON has it: what a caller changes afterwards must not reach the queue. */
export function plain(value: unknown): unknown {
  if (value === null || value === undefined) return null;
  return typeof value === "string" || typeof value === "boolean" ? value : JSON.parse(JSON.stringify(value));
}
