import type { Queue, Taken } from "../queue/queue.ts";
import { messageFacts } from "../telemetry/message.ts";
import { readStored } from "../telemetry/trace.ts";
import type { Span, Tracing } from "../telemetry/tracing.ts";

/**
 * Begins the span of an attempt, below that which put the task into the queue.
 * Why below it, and not in a trace of its own with a link: a task is one thing that one request wanted, and whoever looks for
 * what became of the request is to see its attempts, also the one after an hour. A link is for what has many causes.
 */
export function beginAttempt({ task }: Taken, queue: Queue, tracing: Tracing): Span {
  return tracing.begin("consumer", () => ({
    name: `process ${task.type}`,
    parent: readStored(task.traceparent),
    attributes: {
      ...messageFacts("process", queue.url, task.type),
      "messaging.message.id": task.id,
      "task.attempt": task.attempts,
    },
  }));
}
