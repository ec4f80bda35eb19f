import type { Enqueued, NewTask, Queue } from "../queue/queue.ts";
import { messageFacts } from "../telemetry/message.ts";
import { storedTrace } from "../telemetry/trace.ts";
import type { Span } from "../telemetry/tracing.ts";

/**
 * Puts a task into the queue. The span of that goes with the task: every attempt will be below it. Errors: the queue's own.
 * Why a span of its own: the write is what a request for a task waits for, and whoever draws a map of services joins
 * two of them by a producer and a consumer.
 */
export async function enqueueBelow(request: Span, queue: Queue, task: NewTask): Promise<Enqueued> {
  const span = request.child("producer", `enqueue ${task.type}`, messageFacts("enqueue", queue.url, task.type));
  try {
    const enqueued = await queue.enqueue({ ...task, traceparent: storedTrace(span.trace) });
    span.set({ "messaging.message.id": enqueued.task.id });
    return enqueued;
  } catch (error) {
    span.failed(error instanceof Error ? error.name : "unknown");
    throw error;
  } finally {
    span.end();
  }
}
