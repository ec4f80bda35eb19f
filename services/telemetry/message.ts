import type { Attributes } from "./tracing.ts";

const OPERATION = { enqueue: "send", process: "process" } as const;

/**
 * What a span says of the task that it puts into the queue, or that it works on. `queue`: its URL.
 * Source: OpenTelemetry, "Semantic conventions for messaging spans".
 */
export function messageFacts(operation: keyof typeof OPERATION, queue: string, type: string): Attributes {
  return {
    "messaging.system": queue.slice(0, queue.indexOf(":")),
    "messaging.operation.name": operation,
    "messaging.operation.type": OPERATION[operation],
    "messaging.destination.name": type,
  };
}
