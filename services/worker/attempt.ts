import type { Alarms } from "../kit/alarms.ts";
import type { Queue, Taken } from "../queue/queue.ts";
import type { Registry } from "../tasks/registry.ts";
import type { Attempt } from "../tasks/task-type.ts";
import type { WebhookPolicy } from "../tasks/webhook-policy.ts";
import type { Span } from "../telemetry/tracing.ts";
import { keepLease } from "./lease.ts";
import { attemptOf, failure, thrown } from "./outcome.ts";
import { createProgress } from "./progress.ts";
import type { Strays } from "./strays.ts";

export type AttemptOptions = Readonly<{
  queue: Queue;
  registry: Registry;
  leaseMs: number;
  /** The only folder whose files a task may read. */
  folder: string;
  webhook: WebhookPolicy;
  strays: Strays;
  /** Told of what the queue itself threw; during which attempt, if it was during one. */
  report: (error: Error, task: string, attempt?: Span) => void;
  /** Told of what a handler threw where nobody waits for it, also after its attempt has ended. */
  strayed: (error: Error, task: string, attempt: Span) => void;
}>;

/** What the attempts of a worker have in common. `leave`: what is called when the drain is over; each takes its own out again. */
export type Shift = Readonly<{ alarms: Alarms; leave: Set<() => void> }>;

/** A task in hand, and the span of this attempt at it, whose end is the caller's business. */
export type InHand = Taken & Readonly<{ span: Span }>;

/** What became of an attempt. `lost`: the task belongs to somebody else now, or its outcome could not be written. */
export type AttemptEnd = "done" | "failed" | "released" | "lost";

/** Why a handler is told to stop; an attempt: it has failed already. The first reason counts. */
type StopReason = "time-limit" | "lease-lost" | "drain-over" | Attempt;

/**
 * Runs one taken task to its end and records the outcome, renewing the lease every third of it.
 * At the end of the drain the task is given back to the queue.
 * Why: a handler that ignores its signal is left behind, not waited for: it would hold the slot, or the drain, for ever. So is a
 * queue that does not answer for as long as the lease: another worker may have the task by then.
 */
export async function runAttempt(
  taken: InHand,
  { alarms, leave }: Shift,
  options: AttemptOptions,
): Promise<AttemptEnd> {
  const { task, span } = taken;
  const { queue, leaseMs } = options;
  const stop = new AbortController();
  const { promise: stopped, resolve: tell } = Promise.withResolvers<StopReason>();
  const end = (reason: StopReason) => {
    tell(reason);
    stop.abort(reason);
  };
  const unset = alarms.set(options.registry.get(task.type)?.timeLimitMs ?? 0, () => end("time-limit"));
  const report = (error: Error) => options.report(error, task.id, span);
  const lease = keepLease(taken, { queue, alarms, leaseMs, lost: () => end("lease-lost"), report });
  const progress = createProgress(taken, queue, report);
  const onDrainOver = () => end("drain-over");
  leave.add(onDrainOver);
  const strayed = (error: Error) => {
    options.strayed(error, task.id, span);
    end(thrown(error));
  };
  try {
    const handled = options.strays.run(strayed, () => handle(taken, stop.signal, options, progress.say));
    const outcome = await Promise.race([handled, stopped]);
    return await lease.within(record(taken, outcome, queue));
  } catch (error) {
    // The queue failed us. The lease runs out by itself, and the task is taken again.
    report(error as Error);
    return "lost";
  } finally {
    unset();
    lease.end();
    progress.end();
    leave.delete(onDrainOver);
  }
}

async function handle(
  { task, span }: InHand,
  signal: AbortSignal,
  options: AttemptOptions,
  progress: (value: unknown) => void,
): Promise<Attempt> {
  const type = options.registry.get(task.type);
  // A newer API may know more types than this worker: another worker, or the next one, will know it too.
  if (!type) return failure("type-unknown", `This worker does not know tasks of type ${task.type}.`, true);
  const { folder, webhook } = options;
  try {
    const payload = type.payload.safeParse(task.payload);
    if (payload.success)
      return attemptOf(await type.handle(payload.data, { signal, task, span, folder, webhook, progress }));
    const [issue] = payload.error.issues;
    const field = ["payload", ...(issue?.path ?? [])].join(".");
    return failure("payload-invalid", `${field}: ${issue?.message}`, false);
  } catch (error) {
    return thrown(error);
  }
}

async function record(taken: InHand, outcome: Attempt | StopReason, queue: Queue): Promise<AttemptEnd> {
  if (outcome === "lease-lost") return "lost";
  if (outcome === "drain-over") return (await queue.release(taken)) ? "released" : "lost";
  if (outcome === "time-limit") return record(taken, failure("time-limit", "The task ran for too long.", true), queue);
  if (outcome.ok) return (await queue.done(taken, outcome.result)) ? "done" : "lost";
  const { error, retry, retryAfterMs } = outcome;
  taken.span.failed(error.code, error.message);
  return (await queue.failed(taken, error, retry, retryAfterMs)) ? "failed" : "lost";
}
