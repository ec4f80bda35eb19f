import { setTimeout as sleep } from "node:timers/promises";
import { createAlarms } from "../kit/alarms.ts";
import type { Life } from "../kit/life.ts";
import type { Taken } from "../queue/queue.ts";
import type { Span, Tracing } from "../telemetry/tracing.ts";
import { type AttemptEnd, type AttemptOptions, runAttempt, type Shift } from "./attempt.ts";
import { beginAttempt } from "./attempt-span.ts";
import type { Pool } from "./pool.ts";
import { sortOut } from "./sort-out.ts";
import { createStatusLine } from "./status-line.ts";

/** The longest sleep without a look at the queue, should a wake-up be lost. */
const IDLE_MS = 1_000;

/** How long to rest when the queue itself fails. */
const TROUBLE_MS = 1_000;

export type WorkerOptions = AttemptOptions &
  Readonly<{
    life: Pick<Life, "draining" | "status">;
    /** Who we are to the queue, for people who look into it. Shape: `1@host/4711`. */
    name: string;
    /** How many tasks at a time. */
    pool: Pool;
    /** What is still running so long after the drain began is given back to the queue. */
    drainMs: number;
    tracing: Tracing;
    /** Told of each attempt's begin, */
    began: () => void;
    /** and of its end. */
    ended: (taken: Taken, end: AttemptEnd, durationMs: number, attempt: Span) => void;
  }>;

/**
 * Works: takes tasks and runs them, as many at a time as the pool has places, until the life drains. Resolves when nothing is in flight.
 * Errors: none; a queue that fails is reported and asked again a second later.
 */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const { draining } = options.life;
  /** When each began. */
  const running = new Map<Promise<void>, number>();
  /** So many are still to be taken one by one, each when nothing else runs. */
  let singly = 0;
  const shift: Shift = { alarms: createAlarms(), leave: new Set() };
  const status = createStatusLine(options.life, () => [...running.values()]);
  let freed = () => {};
  const start = (taken: Taken) => {
    const run = work(taken, shift, options).finally(() => {
      running.delete(run);
      status.changed();
      freed();
    });
    running.set(run, performance.now());
    status.changed();
  };
  const begin = async (given: readonly Taken[]): Promise<void> => {
    const { back, ready, next } = sortOut(given, { running: running.size, singly, isDraining: draining.aborted });
    singly = next;
    try {
      await Promise.all(back.map((taken) => options.queue.release(taken)));
    } finally {
      ready.forEach(start);
    }
  };
  draining.addEventListener("abort", () => freed(), { once: true });
  options.pool.onResize(() => freed());

  while (!draining.aborted) {
    const free = singly > 0 ? Number(running.size === 0) : options.pool.size - running.size;
    if (free > 0) await takeSome(free, options, begin);
    else await new Promise<void>((resolve) => (freed = resolve));
  }

  status.drain();
  const limit = setTimeout(() => {
    for (const leave of shift.leave) leave();
  }, options.drainMs);
  await Promise.all(running.keys());
  clearTimeout(limit);
  status.end();
}

/**
 * Takes up to `free` tasks, or sleeps until there may be one.
 * Why: they are asked for together, so that a store can give them in one transaction; and each answer counts for itself,
 * since a task that was given must run even when the next question failed.
 */
async function takeSome(
  free: number,
  { queue, life, report, name, leaseMs }: WorkerOptions,
  begin: (given: readonly Taken[]) => Promise<void>,
): Promise<void> {
  try {
    const asked = Array.from({ length: free }, () => queue.take(name, leaseMs));
    const answers = await Promise.allSettled(asked);
    const given = answers.flatMap((answer) => (answer.status === "fulfilled" && answer.value ? [answer.value] : []));
    await begin(given);
    const failed = answers.find((answer) => answer.status === "rejected");
    if (failed) throw failed.reason;
    if (given.length === 0) await queue.wait(IDLE_MS, life.draining);
  } catch (error) {
    report(error as Error, "");
    // Rejects when the drain begins, which is what we want to know.
    await sleep(TROUBLE_MS, undefined, { signal: life.draining }).catch(() => {});
  }
}

async function work(taken: Taken, shift: Shift, options: WorkerOptions): Promise<void> {
  const begin = performance.now();
  const span = beginAttempt(taken, options.queue, options.tracing);
  options.began();
  const end = await runAttempt({ ...taken, span }, shift, options);
  span.set({ "task.outcome": end });
  if (end === "lost") span.failed(end);
  span.end();
  options.ended(taken, end, Math.round(performance.now() - begin), span);
}
