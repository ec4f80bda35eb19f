import type { NewTask, Task, TaskState } from "./queue.ts";

/** A task as the scripts answer with it: the fields in the order of `view`, what has no value as null. */
export type Fields = readonly (string | null)[];

/** Reads what a script answered. */
export function taskOf(fields: Fields): Task {
  const [id, type, payload, state, attempts, max_attempts, priority, created_at, ...more] = fields;
  const [started_at, finished_at, progress, result, error, idempotency_key, traceparent] = more;
  return {
    id: id as string,
    type: type as string,
    payload: json(payload),
    state: state as TaskState,
    attempts: Number(attempts),
    max_attempts: Number(max_attempts),
    priority: Number(priority),
    created_at: Number(created_at),
    started_at: number(started_at),
    finished_at: number(finished_at),
    progress: json(progress),
    result: json(result),
    error: json(error) as Task["error"],
    idempotency_key: idempotency_key ?? null,
    traceparent: traceparent ?? null,
  };
}

/** A task as it is in Redis since a moment ago: nobody needs to be asked for it. `payload`: as it was written. Units: `createdAt` milliseconds since 1970. */
export function newTask(
  id: string,
  { type, priority = 0, idempotencyKey, traceparent, maxAttempts }: NewTask & { maxAttempts: number },
  payload: string,
  createdAt: number,
): Task {
  return {
    id,
    type,
    payload: JSON.parse(payload),
    state: "queued",
    attempts: 0,
    max_attempts: maxAttempts,
    priority,
    created_at: createdAt,
    started_at: null,
    finished_at: null,
    progress: null,
    result: null,
    error: null,
    idempotency_key: idempotencyKey || null,
    traceparent: traceparent || null,
  };
}

const json = (text: string | null | undefined): unknown => (text == null ? null : JSON.parse(text));
const number = (text: string | null | undefined): number | null => (text == null ? null : Number(text));
