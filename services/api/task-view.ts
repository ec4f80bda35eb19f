import type { Task } from "../queue/queue.ts";

/** A task as the API shows it: times in RFC 3339; not the payload, which may be large or confidential. */
export function taskView(task: Task) {
  return {
    id: task.id,
    type: task.type,
    state: task.state,
    attempts: task.attempts,
    max_attempts: task.max_attempts,
    priority: task.priority,
    created_at: stamp(task.created_at),
    started_at: task.started_at === null ? null : stamp(task.started_at),
    finished_at: task.finished_at === null ? null : stamp(task.finished_at),
    progress: task.progress,
    result: task.result,
    error: task.error,
  };
}

const stamp = (ms: number) => new Date(ms).toISOString();
