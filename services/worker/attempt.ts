import type { Queue, Taken } from "../queue/queue.ts";
import type { Registry } from "../tasks/registry.ts";
import type { Attempt } from "../tasks/task-type.ts";
import type { WebhookPolicy } from "../tasks/webhook-policy.ts";
import type { Span } from "../telemetry/tracing.ts";

export type AttemptOptions = Readonly<{
  queue: Queue;
  registry: Registry;
  leaseMs: number;
  /** The only folder whose files a task may read. */
  folder: string;
  webhook: WebhookPolicy;
  /** Told of what the queue itself threw; during which attempt, if it was during one. */
  report: (error: Error, task: string, attempt?: Span) => void;
}>;

/** A task in hand, and the span of this attempt at it, whose end is the caller's business. */
export type InHand = Taken & Readonly<{ span: Span }>;

const PROGRESS_MS = 250;

/** What became of an attempt. `lost`: the task belongs to somebody else now, or its outcome could not be written. */
export type AttemptEnd = "done" | "failed" | "released" | "lost";

/** Why a handler is told to stop. The first reason counts. */
type StopReason = "time-limit" | "lease-lost" | "drain-over";

/**
 * Runs one taken task to its end and records the outcome, renewing the lease every third of it.
 * `drainOver` gives the task back to the queue.
 * Why: a handler that ignores its signal is left behind, not waited for: it would hold the slot, or the drain, for ever.
 */
export async function runAttempt(taken: InHand, drainOver: AbortSignal, options: AttemptOptions): Promise<AttemptEnd> {
  const stop = new AbortController();
  const end = (reason: StopReason) => stop.abort(reason);
  const type = options.registry.get(taken.task.type);
  const overdue = setTimeout(end, type?.timeLimitMs ?? 0, "time-limit");
  const renewal = renewEvery(options.leaseMs / 3, taken, options, () => end("lease-lost"));
  const progress = progressOf(taken, options);
  const onDrainOver = () => end("drain-over");
  drainOver.addEventListener("abort", onDrainOver);
  if (drainOver.aborted) onDrainOver();
  try {
    const outcome = await Promise.race([handle(taken, stop.signal, options, progress.say), stopped(stop.signal)]);
    return await record(taken, outcome, options.queue);
  } catch (error) {
    // The queue failed us. The lease runs out by itself, and the task is taken again.
    options.report(error as Error, taken.task.id, taken.span);
    return "lost";
  } finally {
    clearTimeout(overdue);
    clearInterval(renewal);
    progress.end();
    drainOver.removeEventListener("abort", onDrainOver);
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
  const payload = type.payload.safeParse(task.payload);
  if (!payload.success) {
    const [issue] = payload.error.issues;
    const field = ["payload", ...(issue?.path ?? [])].join(".");
    return failure("payload-invalid", `${field}: ${issue?.message}`, false);
  }
  const { folder, webhook } = options;
  try {
    return await type.handle(payload.data, { signal, task, span, folder, webhook, progress });
  } catch (error) {
    return failure("handler-threw", error instanceof Error ? error.message : String(error), true);
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

/** The first word is written at once, and then the last one of each quarter of a second. */
function progressOf(taken: InHand, { queue, report }: AttemptOptions) {
  let said: Readonly<{ value: unknown }> | null = null;
  let timer: ReturnType<typeof setInterval> | null = null;
  const write = (): void => {
    if (said === null) return;
    const { value } = said;
    said = null;
    // That the lease is lost is told to the handler by its signal.
    queue.progress(taken, value).catch((error: unknown) => report(error as Error, taken.task.id, taken.span));
  };
  return {
    say(value: unknown): void {
      said = { value };
      if (timer !== null) return;
      write();
      timer = setInterval(write, PROGRESS_MS);
    },
    end(): void {
      if (timer !== null) clearInterval(timer);
    },
  };
}

const failure = (code: string, message: string, retry: boolean): Attempt => ({
  ok: false,
  error: { code, message },
  retry,
});

function stopped(signal: AbortSignal): Promise<StopReason> {
  return new Promise((resolve) => {
    const tell = () => resolve(signal.reason as StopReason);
    if (signal.aborted) tell();
    else signal.addEventListener("abort", tell, { once: true });
  });
}

function renewEvery(periodMs: number, taken: InHand, options: AttemptOptions, lost: () => void) {
  return setInterval(() => {
    options.queue.renew(taken, options.leaseMs).then(
      (held) => held || lost(),
      // The next try may do better; when none does, the lease ends and `done` says that it was lost.
      (error) => options.report(error as Error, taken.task.id, taken.span),
    );
  }, periodMs);
}
