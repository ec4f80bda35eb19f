import { randomUUID } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { Gate } from "./gate.ts";
import { GroupCommit } from "./group-commit.ts";
import { type QueueOptions, queueOptions } from "./options.ts";
import type { Change, Enqueued, NewTask, Queue, Stats, Taken, Task, TaskError, TaskState } from "./queue.ts";
import { ALL_TYPES, QueueFull } from "./queue.ts";
import { type TaskRow, taskOf } from "./sqlite-row.ts";
import { indexTypes } from "./sqlite-schema.ts";
import { prepareStatements, type Statements, type Values } from "./sqlite-statements.ts";
import { Turns } from "./sqlite-turns.ts";
import { watchDatabase } from "./sqlite-watch.ts";
import { taskIds } from "./task-id.ts";
import { afterFailure, firstState } from "./transition.ts";
import { Wake } from "./wake.ts";

/**
 * Keeps tasks in one SQLite file that any number of processes on this machine share.
 * `enqueue`, `done` and `failed` are on the disk when they resolve; a power cut may undo a `take`, which then is no loss.
 * Errors: methods reject with QueueUnavailable when the disk is full or fails, or the file is locked for more than 5 s.
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
  readonly #gate: Gate;
  #group = newGroup();
  /** The last look for what is due; null: what was seen may no longer hold. */
  #seesDue: boolean | null = null;
  #unwatch: (() => void) | null = null;
  #isClosed = false;

  /** Takes a database whose schema is prepared, and owns it from now on. */
  constructor(db: DatabaseSync, path: string, options: Partial<QueueOptions> = {}) {
    this.url = `sqlite:${path}`;
    this.#options = queueOptions(options);
    this.#path = path;
    this.#db = db;
    this.#sql = prepareStatements(db);
    this.#commit = new GroupCommit(db, new Turns(path), () => (this.#group = newGroup()));
    this.#newId = taskIds(this.#options.now);
    this.#gate = new Gate(this.#options.limits, {
      isPaused: (type) => this.#pausedNow().some((paused) => paused === type || paused === ALL_TYPES),
      running: (type) => this.#sql.running.get({ $type: type })?.n as number,
      due: (type) => (this.#sql.pace.get({ $type: type })?.due as number | undefined) ?? 0,
      setDue: (type, due) => this.#sql.setPace.run({ $type: type, $due: due }),
    });
    if (this.#gate.limited.length > 0) indexTypes(db);
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
    if (!this.#isDue()) return null;
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
    const done = await this.#commit.run(() => this.#sql.done.run({ ...facts, $now: this.#options.now() }) === 1, true);
    this.#ringFor(taken);
    return done;
  }

  async failed(taken: Taken, error: TaskError, retry: boolean, retryAfterMs = 0): Promise<boolean> {
    const failed = await this.#move(() => {
      const now = this.#options.now();
      const facts = { ...claim(taken), $error: JSON.stringify(error) };
      const { dueAt } = afterFailure(taken.task, { retry, retryAfterMs }, now, this.#options);
      if (dueAt === null) return this.#sql.bury.run({ ...facts, $now: now }) === 1;
      return this.#sql.fail.run({ ...facts, $dueAt: dueAt }) === 1;
    });
    this.#ringFor(taken);
    return failed;
  }

  async release(taken: Taken): Promise<boolean> {
    const released = await this.#move(() => this.#sql.release.run(claim(taken)) === 1, false);
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

  async pause(type: string | null): Promise<void> {
    await this.#move(() => {
      if (type !== null) indexTypes(this.#db);
      this.#sql.pause.run({ $type: type ?? ALL_TYPES });
    });
  }

  async resume(type: string | null): Promise<void> {
    await this.#move(() => this.#sql.resume.run({ $type: type ?? ALL_TYPES }));
    this.#wake.ring();
  }

  async stats(): Promise<Stats> {
    const counts = Object.fromEntries(this.#sql.counts.all().map(({ state, n }) => [state, n]));
    const oldest = this.#sql.oldestQueued.get()?.created_at as number | undefined;
    const oldest_queued_ms = oldest === undefined ? null : this.#options.now() - oldest;
    return { ...(counts as Record<TaskState, number>), oldest_queued_ms, paused: this.#paused() };
  }

  async wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#isClosed) return;
    if (this.#unwatch === null) {
      this.#unwatch = watchDatabase(this.#db, this.#path, () => this.#wake.ring());
      return; // What was written between the caller's look and the first watch is found by looking once more.
    }
    const now = this.#options.now();
    let { at } = this.#sql.nextDue.get() as { at: number };
    for (const type of this.#gate.limited) at = Math.min(at, this.#gate.opensAfter(type, now) ?? at);
    await this.#wake.sleep(Math.min(timeoutMs, at - now), signal);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unwatch?.();
    this.#wake.ring();
    await this.#commit.settled();
    this.#db.close();
  }

  /** Another of its type may begin now, where the limit had none. Other processes hear of it as of any write. */
  #ringFor({ task }: Taken): void {
    if (this.#gate.limited.includes(task.type)) this.#wake.ring();
  }

  #order(name: "cancel" | "retry" | "discard", id: string, more: Values = {}): Promise<Change> {
    return this.#move(() => {
      if (this.#sql[name].run({ $id: id, ...more }) === 1) return "changed";
      return this.#sql.byId.get({ $id: id }) === undefined ? "unknown" : "refused";
    });
  }

  /** Writes what others of the group must not have taken for granted. */
  #move<T>(work: () => T, durable = true): Promise<T> {
    return this.#commit.run(() => {
      this.#group = newGroup();
      return work();
    }, durable);
  }

  /** Those that ask in one moment share a look. */
  #isDue(): boolean {
    if (this.#seesDue === null) {
      this.#seesDue = this.#sql.due.get({ $now: this.#options.now() })?.due === 1;
      queueMicrotask(() => (this.#seesDue = null));
    }
    return this.#seesDue;
  }

  #insert(task: NewTask, payload: string): Enqueued {
    const key = task.idempotencyKey ?? null;
    const known = key === null ? null : found(this.#sql.byKey.get({ $key: key }));
    if (known) return { task: known, fresh: false };
    const group = this.#group;
    group.pending ??= this.#sql.pending.get()?.n as number;
    if (group.pending >= this.#options.maxPending) throw new QueueFull();
    group.pending += 1;
    const now = this.#options.now();
    if (!group.isSwept) group.isSwept = this.#sql.sweep.run({ $until: now - this.#options.keepMs }) === 0;
    const first = firstState(task, JSON.parse(payload), this.#newId(), this.#options.maxAttempts, now);
    this.#sql.insert.run({
      $id: first.id,
      $type: first.type,
      $payload: payload,
      $ready: task.delayMs ? 0 : 1,
      $maxAttempts: first.max_attempts,
      $priority: first.priority,
      $now: now,
      $dueAt: now + (task.delayMs ?? 0),
      $key: key,
      $traceparent: first.traceparent,
    });
    return { task: first, fresh: true };
  }

  #takeNext(worker: string, leaseMs: number): Taken | null {
    const now = this.#options.now();
    this.#tidy(now);
    const lease = randomUUID();
    const task = this.#first({ $now: now, $worker: worker, $lease: lease, $until: now + leaseMs }, this.#closed(now));
    if (task) this.#gate.count(task.type, now);
    return task && { task, lease };
  }

  /** Once in a group: what has become due since it began is for the next. */
  #tidy(now: number): void {
    this.#group.pending = null;
    if (this.#group.isTidy) return;
    this.#sql.buryExpired.run({ $now: now });
    this.#sql.reclaimExpired.run({ $now: now });
    this.#sql.promote.run({ $now: now });
    this.#group.isTidy = true;
  }

  #first(facts: Values, closed: readonly string[]): Task | null {
    if (closed.includes(ALL_TYPES)) return null;
    if (closed.length === 0) return found(this.#sql.take.get(facts));
    return found(this.#sql.takeExcept.get({ ...facts, $except: JSON.stringify(closed) }));
  }

  /** The types of which none may begin. */
  #closed(now: number): readonly string[] {
    return [...this.#pausedNow(), ...this.#gate.limited.filter((type) => !this.#gate.isOpen(type, now))];
  }

  #pausedNow(): readonly string[] {
    this.#group.paused ??= this.#paused();
    return this.#group.paused;
  }

  #paused(): readonly string[] {
    return this.#sql.paused.all().map(({ type }) => type as string);
  }
}

/** What is known within one transaction, since nobody else writes meanwhile; null: to be asked. */
type Group = { pending: number | null; paused: readonly string[] | null; isSwept: boolean; isTidy: boolean };

const newGroup = (): Group => ({ pending: null, paused: null, isSwept: false, isTidy: false });

const claim = ({ task, lease }: Taken) => ({ $id: task.id, $lease: lease });

const found = (row: unknown): Task | null => (row === undefined ? null : taskOf(row as TaskRow));
