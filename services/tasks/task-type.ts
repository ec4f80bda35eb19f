import type { z } from "zod";
import type { Task, TaskError } from "../queue/queue.ts";
import type { Span } from "../telemetry/tracing.ts";
import type { WebhookPolicy } from "./webhook-policy.ts";

/** What a handler may use besides its payload. */
export type TaskContext = Readonly<{
  /** Fires at the time limit, when the lease is lost, or when the drain is over. */
  signal: AbortSignal;
  task: Task;
  /** The only folder whose files a task may read. */
  folder: string;
  webhook: WebhookPolicy;
  /** The attempt's own; what it asks of others is a `child`, whose trace goes with the question. */
  span: Span;
  /** Says how far it has come, in whatever shape; the last word counts. It is written a few times a second at most. */
  progress(value: unknown): void;
}>;

/**
 * How an attempt ended. `retry` says whether the same payload may succeed another time; `retryAfterMs`, when at the earliest, should
 * that be later than the backoff has it.
 */
export type Attempt = Readonly<
  { ok: true; result: unknown } | { ok: false; error: TaskError; retry: boolean; retryAfterMs?: number }
>;

/** One kind of work: what its payload looks like and who does it. */
export type TaskType = Readonly<{
  /** Shape: `report.aggregate`. */
  name: string;
  description: string;
  payload: z.ZodType;
  /** What runs for longer is ended and counts as a failed attempt. */
  timeLimitMs: number;
  /** Is given what the schema made of the payload. Errors: expected ones as an Attempt; what it throws is a bug, retried like any other failure. */
  handle(payload: unknown, context: TaskContext): Promise<Attempt>;
}>;

/** Defines a task type; the handler sees its payload typed, as the schema made it. */
export function taskType<S extends z.ZodType>(
  facts: Omit<TaskType, "payload" | "handle"> & {
    readonly payload: S;
    handle(payload: z.infer<S>, context: TaskContext): Promise<Attempt>;
  },
): TaskType {
  return { ...facts, handle: (payload, context) => facts.handle(payload as z.infer<S>, context) };
}
