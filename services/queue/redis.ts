import { randomUUID } from "node:crypto";
import { type QueueOptions, queueOptions, SWEPT_AT_ONCE } from "./options.ts";
import {
  ALL_TYPES,
  type Change,
  type Enqueued,
  type NewTask,
  type Queue,
  QueueFull,
  QueueUnavailable,
  type Stats,
  TASK_STATES,
  type Taken,
  type Task,
  type TaskError,
  type TaskState,
} from "./queue.ts";
import { ANSWER_LIMIT_MS, type Argument, type RedisConnection } from "./redis-connection.ts";
import { type Fields, newTask, taskOf } from "./redis-fields.ts";
import { AT_ONCE, type ScriptName } from "./redis-scripts.ts";
import { Takes } from "./redis-takes.ts";
import { taskIds } from "./task-id.ts";
import { afterFailure, changeable, leaseExpired } from "./transition.ts";
import { paceOf, type TypeLimits } from "./type-limit.ts";
import type { Wake } from "./wake.ts";

const LEASE_EXPIRED = JSON.stringify(leaseExpired);

/** A client waits for it, and may ask again. */
const NEW_TASK = { limitMs: ANSWER_LIMIT_MS, takesNo: true } as const;

/** An outcome is kept in hand while the server cannot take it; then the lease has to end by itself. */
const OUTCOME = { limitMs: 10_000, takesNo: false } as const;

/**
 * Keeps tasks in Redis, for any number of machines. What is acknowledged has been written as the server is set to write:
 * with `appendonly yes` and `appendfsync always` neither a kill nor a power cut loses it.
 * What was sent when the connection broke is sent again; each script knows what it has done before.
 * Errors: methods reject with QueueUnavailable.
 */
export class RedisQueue implements Queue {
  readonly url: string;
  readonly #redis: RedisConnection;
  readonly #wake: Wake;
  readonly #options: QueueOptions;
  /** Empty: the server's. */
  readonly #now: () => Argument;
  readonly #newId: () => string;
  readonly #limits: string;
  readonly #takes = new Takes(AT_ONCE, (...asked) => this.#takeSome(...asked));

  /** Takes a connection that is open, and owns it from now on. `wake` is what it rings. `options.now`: in place of the server's clock. */
  constructor(redis: RedisConnection, wake: Wake, url: string, options: Partial<QueueOptions> = {}) {
    this.url = url;
    this.#redis = redis;
    this.#wake = wake;
    this.#options = queueOptions(options);
    this.#now = options.now ?? (() => "");
    this.#newId = taskIds(this.#options.now);
    this.#limits = limitsAsJson(this.#options.limits);
  }

  async enqueue(task: NewTask): Promise<Enqueued> {
    const { maxAttempts, maxPending, keepMs } = this.#options;
    const id = this.#newId();
    const payload = JSON.stringify(task.payload ?? null);
    const most = task.maxAttempts ?? maxAttempts;
    const args = [
      id,
      task.type,
      payload,
      task.priority ?? 0,
      task.delayMs ?? 0,
      most,
      task.idempotencyKey ?? "",
      task.traceparent ?? "",
      maxPending,
      keepMs,
      SWEPT_AT_ONCE,
      this.#now() === "" ? (this.#redis.serverTimeIn(NEW_TASK.limitMs) ?? "") : "",
    ];
    const answer = await this.#redis.runUntil(NEW_TASK, "enqueue", () => [this.#now(), ...args]);
    const answered = answer as ["new", number] | ["fresh", Fields] | ["known", Fields] | ["full"] | ["late"];
    if (answered[0] === "full") throw new QueueFull();
    if (answered[0] === "late") {
      // Nobody waits for it any more, and so it was not taken. Or a clock was set.
      await this.#redis.compareClocks();
      throw new QueueUnavailable("redis: the task came too late to the server");
    }
    if (answered[0] === "new")
      return { task: newTask(id, { ...task, maxAttempts: most }, payload, answered[1]), fresh: true };
    return { task: taskOf(answered[1]), fresh: answered[0] === "fresh" };
  }

  async get(id: string): Promise<Task | null> {
    const fields = (await this.#run("get", id)) as Fields | null;
    return fields && taskOf(fields);
  }

  async list({ state, limit, after = "" }: Readonly<{ state?: TaskState; limit: number; after?: string }>) {
    const page = await this.#run("list", after, limit, ...(state ? [state] : TASK_STATES));
    return (page as Fields[]).map(taskOf);
  }

  take(worker: string, leaseMs: number): Promise<Taken | null> {
    this.#wake.reset();
    return this.#takes.one(worker, leaseMs);
  }

  renew(taken: Taken, leaseMs: number): Promise<boolean> {
    return this.#held("renew", taken, leaseMs);
  }

  progress(taken: Taken, progress: unknown): Promise<boolean> {
    return this.#held("progress", taken, JSON.stringify(progress ?? null));
  }

  done(taken: Taken, result: unknown): Promise<boolean> {
    return this.#held("done", taken, JSON.stringify(result ?? null));
  }

  failed(taken: Taken, error: TaskError, retry: boolean, retryAfterMs = 0): Promise<boolean> {
    const { dueAt } = afterFailure(taken.task, { retry, retryAfterMs }, 0, this.#options);
    return this.#held("failed", taken, JSON.stringify(error), dueAt ?? "");
  }

  release(taken: Taken): Promise<boolean> {
    return this.#held("release", taken);
  }

  cancel(id: string): Promise<Change> {
    return this.#order("cancel", id);
  }

  retry(id: string): Promise<Change> {
    return this.#order("retry", id);
  }

  discard(id: string): Promise<Change> {
    return this.#order("discard", id);
  }

  async pause(type: string | null): Promise<void> {
    await this.#run("pause", type ?? ALL_TYPES);
  }

  async resume(type: string | null): Promise<void> {
    await this.#run("resume", type ?? ALL_TYPES);
  }

  async stats(): Promise<Stats> {
    const [counts, oldest, paused] = (await this.#run("stats", ...TASK_STATES)) as [number[], number | null, string[]];
    const each = Object.fromEntries(TASK_STATES.map((state, index) => [state, counts[index]]));
    return { ...(each as Record<TaskState, number>), oldest_queued_ms: oldest, paused: paused.toSorted() };
  }

  async wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const nextMs = (await this.#run("next", this.#limits)) as number;
    await this.#wake.sleep(nextMs < 0 ? timeoutMs : Math.min(timeoutMs, nextMs), signal);
  }

  async close(): Promise<void> {
    this.#redis.close();
    this.#wake.ring();
  }

  /** Those that are taken together have one lease: it names who has them, and each is given up by itself. */
  async #takeSome(count: number, worker: string, leaseMs: number): Promise<readonly Taken[]> {
    const lease = randomUUID();
    const taken = await this.#run("take", this.#limits, count, worker, lease, leaseMs, LEASE_EXPIRED);
    return (taken as readonly Fields[]).map((fields) => ({ task: taskOf(fields), lease }));
  }

  #run(name: ScriptName, ...args: readonly Argument[]): Promise<unknown> {
    return this.#redis.run(name, [this.#now(), ...args]);
  }

  async #held(name: ScriptName, { task, lease }: Taken, ...args: readonly Argument[]): Promise<boolean> {
    const argsOf = (isRepeated: boolean) => [this.#now(), task.id, lease, isRepeated ? 1 : 0, ...args];
    return (await this.#redis.runUntil(OUTCOME, name, argsOf)) === 1;
  }

  async #order(name: keyof typeof changeable, id: string): Promise<Change> {
    const answer = (await this.#run(name, id, ...changeable[name])) as 0 | 1 | -1;
    return ({ 0: "unknown", 1: "changed", [-1]: "refused" } as const)[answer];
  }
}

function limitsAsJson(limits: TypeLimits): string {
  const each = Object.entries(limits).map(([type, limit]) => {
    const pace = paceOf(limit);
    const { concurrency } = limit;
    return [type, { concurrency, interval_ms: pace?.intervalMs, tolerance_ms: pace?.toleranceMs }];
  });
  return each.length === 0 ? "" : JSON.stringify(Object.fromEntries(each));
}
