import type { Task } from "../../services/queue/queue.ts";
import type { TaskContext } from "../../services/tasks/task-type.ts";
import { unsigned } from "../../services/tasks/webhook-policy.ts";
import { readStored } from "../../services/telemetry/trace.ts";
import { plainTracing } from "../../services/telemetry/tracing.ts";

/** What a handler is given in a test: nothing fires, webhooks go where they like, unless the test says otherwise. */
export function contextFor(given: Partial<TaskContext> = {}, task: Partial<Task> = {}): TaskContext {
  return {
    signal: new AbortController().signal,
    folder: "/nowhere",
    progress: () => undefined,
    webhook: unsigned("any"),
    span: plainTracing.begin("consumer", () => ({ name: "", parent: readStored(task.traceparent) })),
    task: { ...running, ...task },
    ...given,
  };
}

const running: Task = {
  id: "019aa3f0-6c1e-7000-8b7c-2f5d0f5f8e21",
  type: "t",
  payload: null,
  state: "running",
  attempts: 1,
  max_attempts: 5,
  priority: 0,
  created_at: 0,
  started_at: 0,
  finished_at: null,
  progress: null,
  result: null,
  error: null,
  idempotency_key: null,
  traceparent: null,
};
