import type { Task, TaskError, TaskState } from "./queue.ts";

/** A line of the table `tasks`, as far as callers see it. JSON stands as text. */
export type TaskRow = Readonly<{
  id: string;
  type: string;
  payload: string;
  state: TaskState;
  attempts: number;
  max_attempts: number;
  priority: number;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
  progress: string | null;
  result: string | null;
  error: string | null;
  idempotency_key: string | null;
  traceparent: string | null;
}>;

/** For `SELECT` and `RETURNING`: exactly the columns of a TaskRow. */
export const TASK_COLUMNS =
  "id, type, payload, state, attempts, max_attempts, priority, created_at, started_at, finished_at, progress, result, error, idempotency_key, traceparent";

/** Reads a line of the table. */
export function taskOf(row: TaskRow): Task {
  return {
    ...row,
    payload: JSON.parse(row.payload),
    progress: row.progress === null ? null : JSON.parse(row.progress),
    result: row.result === null ? null : JSON.parse(row.result),
    error: row.error === null ? null : (JSON.parse(row.error) as TaskError),
  };
}
