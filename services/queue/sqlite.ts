import { randomUUID } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { GroupCommit } from "./group-commit.ts";
import { type QueueOptions, queueOptions } from "./options.ts";
import type { Change, Enqueued, NewTask, Queue, Stats, Taken, Task, TaskError, TaskState } from "./queue.ts";
import { QueueFull } from "./queue.ts";
import { type TaskRow, taskOf } from "./sqlite-row.ts";
import { prepareStatements, type Statements, type Values } from "./sqlite-statements.ts";
import { watchDatabase } from "./sqlite-watch.ts";
import { taskIds } from "./task-id.ts";
import { afterFailure } from "./transition.ts";
import { Wake } from "./wake.ts";

/**
 * Keeps tasks in one SQLite file that any number of processes on this machine share.
 * `enqueue`, `done` and `failed` are on the disk when they resolve; a power cut may undo a `take`, which then is no loss.
 * Errors: methods reject with what SQLite says (disk full, file locked for more than 15 s).
 */
export class SqliteQueue implements Queue {
  readonly url: string;
  readonly #options: QueueOptions;
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #sql: Statements;
  readonly #commit: GroupCommit;
  readonly #newId: () => string;
  readonly #wake = new Wake();
  #unwatch: (() => void) | null = null;
  #closed = false;

  /** Takes a database whose schema is prepared, and owns it from now on. */
  constructor(db: DatabaseSync, path: string, options: Partial<QueueOptions> = {}) {
    this.url = `sqlite:${path}`;
    this.#options = queueOptions(options);
    this.#path = path;
    this.#db = db;
    this.#sql = prepareStatements(db);
    this.#commit = new GroupCommit(db);
    this.#newId = taskIds(this.#options.now);
  }

  async enqueue(task: NewTask): Promise<Enqueued> {
    const payload = JSON.stringify(task.payload ?? null);
    const enqueued = await this.#commit.run(() => this.#insert(task, payload), true);
    this.#wake.ring();
    return enqueued;
  }

  async get(id: string): Promise<Task | null> {
    return found(this.#sql.byId.get({ $id: id }));
  }

  async list(filter: Readonly<{ state?: TaskState; limit: number; after?: string }>): Promise<readonly Task[]> {
    const page = { $after: filter.after ?? "", $limit: filter.limit };
    const rows =
      filter.state === undefined
        ? this.#sql.list.all(page)
        : this.#sql.listState.all({ ...page, $state: filter.state });
    return rows.map((row) => taskOf(row as TaskRow));
  }

  /** Why: looking comes first, without the write lock, so that idle workers do not disturb each other. */
  async take(worker: string, leaseMs: number): Promise<Taken | null> {
    this.#wake.reset();
    if (this.#sql.due.get({ $now: this.#options.now() })?.due !== 1) return null;
    return this.#commit.run(() => this.#takeNext(worker, leaseMs), false);
  }

  renew(taken: Taken, leaseMs: number): Promise<boolean> {
    return this.#commit.run(
      () => this.#sql.renew.run({ ...claim(taken), $until: this.#options.now() + leaseMs }) === 1,
      false,
    );
  }

  progress(taken: Taken, progress: unknown): Promise<boolean> {
    const facts = { ...claim(taken), $progress: JSON.stringify(progress ?? null) };
    return this.#commit.run(() => this.#sql.progress.run(facts) === 1, false);
  }

  async done(taken: Taken, result: unknown): Promise<boolean> {
    const facts = { ...claim(taken), $result: JSON.stringify(result ?? null) };
    return this.#commit.run(() => this.#sql.done.run({ ...facts, $now: this.#options.now() }) === 1, true);
  }

  failed(taken: Taken, error: TaskError, retry: boolean, retryAfterMs = 0): Promise<boolean> {
    return this.#commit.run(() => {
      const now = this.#options.now();
      const facts = { ...claim(taken), $error: JSON.stringify(error) };
      const { dueAt } = afterFailure(taken.task, { retry, retryAfterMs }, now, this.#options);
      if (dueAt === null) return this.#sql.bury.run({ ...facts, $now: now }) === 1;
      return this.#sql.fail.run({ ...facts, $dueAt: dueAt }) === 1;
    }, true);
  }

  async release(taken: Taken): Promise<boolean> {
    const released = await this.#commit.run(() => this.#sql.release.run(claim(taken)) === 1, false);
    this.#wake.ring();
    return released;
  }

  cancel(id: string): Promise<Change> {
    return this.#order("cancel", id, { $now: this.#options.now() });
  }

  async retry(id: string): Promise<Change> {
    const change = await this.#order("retry", id, { $now: this.#options.now() });
    this.#wake.ring();
    return change;
  }

  discard(id: string): Promise<Change> {
    return this.#order("discard", id);
  }

  async stats(): Promise<Stats> {
    const counts = Object.fromEntries(this.#sql.counts.all().map(({ state, n }) => [state, n]));
    const oldest = this.#sql.oldestQueued.get()?.created_at as number | undefined;
    const oldest_queued_ms = oldest === undefined ? null : this.#options.now() - oldest;
    return { ...(counts as Record<TaskState, number>), oldest_queued_ms };
  }

  async wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#closed) return;
    if (this.#unwatch === null) {
      this.#unwatch = watchDatabase(this.#db, this.#path, () => this.#wake.ring());
      return; // What was written between the caller's look and the first watch is found by looking once more.
    }
    const { at } = this.#sql.nextDue.get() as { at: number };
    await this.#wake.sleep(Math.min(timeoutMs, at - this.#options.now()), signal);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#unwatch?.();
    this.#wake.ring();
    await this.#commit.settled();
    this.#db.close();
  }

  #order(name: "cancel" | "retry" | "discard", id: string, more: Values = {}): Promise<Change> {
    return this.#commit.run(() => {
      if (this.#sql[name].run({ $id: id, ...more }) === 1) return "changed";
      return this.#sql.byId.get({ $id: id }) === undefined ? "unknown" : "refused";
    }, true);
  }

  #insert(task: NewTask, payload: string): Enqueued {
    const key = task.idempotencyKey ?? null;
    const known = key === null ? null : found(this.#sql.byKey.get({ $key: key }));
    if (known) return { task: known, fresh: false };
    if ((this.#sql.pending.get()?.n as number) >= this.#options.maxPending) throw new QueueFull();
    const now = this.#options.now();
    this.#sql.sweep.run({ $until: now - this.#options.keepMs });
    const row = this.#sql.insert.get({
      $id: this.#newId(),
      $type: task.type,
      $payload: payload,
      $ready: task.delayMs ? 0 : 1,
      $maxAttempts: task.maxAttempts ?? this.#options.maxAttempts,
      $priority: task.priority ?? 0,
      $now: now,
      $dueAt: now + (task.delayMs ?? 0),
      $key: key,
      $traceparent: task.traceparent ?? null,
    });
    return { task: taskOf(row as TaskRow), fresh: true };
  }

  #takeNext(worker: string, leaseMs: number): Taken | null {
    const now = this.#options.now();
    this.#sql.buryExpired.run({ $now: now });
    this.#sql.reclaimExpired.run({ $now: now });
    this.#sql.promote.run({ $now: now });
    const lease = randomUUID();
    const task = found(this.#sql.take.get({ $now: now, $worker: worker, $lease: lease, $until: now + leaseMs }));
    return task && { task, lease };
  }
}

const claim = ({ task, lease }: Taken) => ({ $id: task.id, $lease: lease });

const found = (row: unknown): Task | null => (row === undefined ? null : taskOf(row as TaskRow));
