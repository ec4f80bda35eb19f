import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { SWEPT_AT_ONCE } from "./options.ts";
import type { TaskState } from "./queue.ts";
import { TASK_COLUMNS } from "./sqlite-row.ts";
import { changeable, leaseExpired } from "./transition.ts";

export type Values = Readonly<Record<string, SQLInputValue>>;

/** Every statement of the queue, prepared once. Parameters are named; times are wall milliseconds. */
export type Statements = Readonly<{ [name in keyof typeof SQL]: Statement }>;

export type Statement = Readonly<{
  get(values?: Values): Record<string, unknown> | undefined;
  all(values?: Values): readonly Record<string, unknown>[];
  /** Answers how many rows were changed. */
  run(values?: Values): number;
}>;

export function prepareStatements(db: DatabaseSync): Statements {
  const prepared = Object.entries(SQL).map(([name, sql]) => [name, statement(db, sql)] as const);
  return Object.fromEntries(prepared) as Statements;
}

const TAKE = `UPDATE tasks SET state = 'running', ready = NULL, attempts = attempts + 1, started_at = $now, worker = $worker, lease = $lease, lease_until = $until
    WHERE seq =`;

/** The most urgent one of those types that are not in the list $except (JSON): each type's first, by the index of `indexTypes`. */
const FIRST_EXCEPT = `WITH RECURSIVE types (type) AS (
      SELECT min(type) FROM tasks WHERE ready = 1
      UNION ALL SELECT (SELECT min(type) FROM tasks WHERE ready = 1 AND type > types.type) FROM types WHERE types.type IS NOT NULL),
    firsts (seq) AS (
      SELECT (SELECT seq FROM tasks WHERE ready = 1 AND type = types.type ORDER BY priority DESC, due_at, seq LIMIT 1) FROM types
      WHERE types.type IS NOT NULL AND types.type NOT IN (SELECT value FROM json_each($except)))
    SELECT tasks.seq FROM firsts JOIN tasks USING (seq) ORDER BY priority DESC, due_at, tasks.seq LIMIT 1`;

/** An expired lease is found by whoever looks for work next. The attempt has been counted when it began. */
const SQL = {
  insert: `INSERT INTO tasks (id, type, payload, state, ready, attempts, max_attempts, priority, created_at, due_at, idempotency_key, traceparent)
    VALUES ($id, $type, $payload, 'queued', $ready, 0, $maxAttempts, $priority, $now, $dueAt, $key, $traceparent)`,
  byKey: `SELECT ${TASK_COLUMNS} FROM tasks WHERE idempotency_key = $key`,
  byId: `SELECT ${TASK_COLUMNS} FROM tasks WHERE id = $id`,
  list: `SELECT ${TASK_COLUMNS} FROM tasks WHERE id > $after ORDER BY id LIMIT $limit`,
  listState: `SELECT ${TASK_COLUMNS} FROM tasks WHERE state = $state AND id > $after ORDER BY id LIMIT $limit`,
  pending: "SELECT sum(n) AS n FROM counts WHERE state IN ('queued', 'failed')",
  counts: "SELECT state, n FROM counts",
  oldestQueued: "SELECT created_at FROM tasks WHERE state = 'queued' ORDER BY id LIMIT 1",
  due: `SELECT EXISTS (SELECT 1 FROM tasks WHERE ready = 1)
    OR EXISTS (SELECT 1 FROM tasks WHERE ready = 0 AND due_at <= $now)
    OR EXISTS (SELECT 1 FROM tasks WHERE state = 'running' AND lease_until <= $now) AS due`,
  nextDue: `SELECT min(
    ifnull((SELECT min(due_at) FROM tasks WHERE ready = 0), 9e15),
    ifnull((SELECT min(lease_until) FROM tasks WHERE state = 'running'), 9e15)) AS at`,
  buryExpired: `UPDATE tasks SET state = 'dead', error = '${JSON.stringify(leaseExpired)}', finished_at = $now, lease = NULL
    WHERE state = 'running' AND lease_until <= $now AND attempts >= max_attempts`,
  reclaimExpired: `UPDATE tasks SET state = 'failed', error = '${JSON.stringify(leaseExpired)}', ready = 1, due_at = $now, lease = NULL
    WHERE state = 'running' AND lease_until <= $now`,
  promote: "UPDATE tasks SET ready = 1 WHERE ready = 0 AND due_at <= $now",
  take: `${TAKE} (SELECT seq FROM tasks WHERE ready = 1 ORDER BY priority DESC, due_at, seq LIMIT 1) RETURNING ${TASK_COLUMNS}`,
  takeExcept: `${TAKE} (${FIRST_EXCEPT}) RETURNING ${TASK_COLUMNS}`,
  running: "SELECT count(*) AS n FROM tasks WHERE state = 'running' AND type = $type",
  paused: "SELECT type FROM paused ORDER BY type",
  pause: "INSERT OR IGNORE INTO paused VALUES ($type)",
  resume: "DELETE FROM paused WHERE type = $type",
  pace: "SELECT due FROM paces WHERE type = $type",
  setPace: "INSERT INTO paces VALUES ($type, $due) ON CONFLICT DO UPDATE SET due = $due",
  renew: "UPDATE tasks SET lease_until = $until WHERE id = $id AND lease = $lease",
  progress: "UPDATE tasks SET progress = $progress WHERE id = $id AND lease = $lease",
  done: `UPDATE tasks SET state = 'done', result = $result, error = NULL, finished_at = $now, lease = NULL
    WHERE id = $id AND lease = $lease`,
  fail: `UPDATE tasks SET state = 'failed', error = $error, ready = 0, due_at = $dueAt, lease = NULL
    WHERE id = $id AND lease = $lease`,
  bury: `UPDATE tasks SET state = 'dead', error = $error, finished_at = $now, lease = NULL
    WHERE id = $id AND lease = $lease`,
  release: `UPDATE tasks SET state = 'queued', attempts = attempts - 1, started_at = NULL, ready = 1, lease = NULL
    WHERE id = $id AND lease = $lease`,
  cancel: `UPDATE tasks SET state = 'cancelled', ready = NULL, lease = NULL, finished_at = $now
    WHERE id = $id AND state IN (${listed(changeable.cancel)})`,
  retry: `UPDATE tasks SET state = 'queued', ready = 1, due_at = $now, attempts = 0, started_at = NULL, finished_at = NULL,
    progress = NULL, result = NULL, error = NULL WHERE id = $id AND state IN (${listed(changeable.retry)})`,
  sweep: `DELETE FROM tasks WHERE seq IN (SELECT seq FROM tasks WHERE finished_at <= $until ORDER BY finished_at LIMIT ${SWEPT_AT_ONCE})`,
  discard: `DELETE FROM tasks WHERE id = $id AND state IN (${listed(changeable.discard)})`,
} as const;

/** Shape: `'dead', 'cancelled'`. */
function listed(states: readonly TaskState[]): string {
  return states.map((state) => `'${state}'`).join(", ");
}

function statement(db: DatabaseSync, sql: string): Statement {
  const prepared = db.prepare(sql);
  return {
    get: (values = {}) => prepared.get(values) as Record<string, unknown> | undefined,
    all: (values = {}) => prepared.all(values) as readonly Record<string, unknown>[],
    run: (values = {}) => Number(prepared.run(values).changes),
  };
}
