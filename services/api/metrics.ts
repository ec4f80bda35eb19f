import type { Stats, TaskState } from "../queue/queue.ts";

export const METRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const STATES: readonly TaskState[] = ["queued", "running", "done", "failed", "dead", "cancelled"];

/** Renders the queue's counts. `accepted: null` is for a process that takes no tasks. Source: OpenMetrics 1.0 (text). */
export function metricsText(stats: Stats, accepted: Readonly<Record<AcceptOutcome, number>> | null): string {
  const lines = [
    "# TYPE queue_tasks gauge",
    "# HELP queue_tasks Tasks in each state, in the whole queue.",
    ...STATES.map((state) => `queue_tasks{state="${state}"} ${stats[state]}`),
    "# TYPE queue_oldest_queued_seconds gauge",
    "# UNIT queue_oldest_queued_seconds seconds",
    "# HELP queue_oldest_queued_seconds Age of the oldest task that was never tried.",
    `queue_oldest_queued_seconds ${(stats.oldest_queued_ms ?? 0) / 1000}`,
    ...(accepted === null ? [] : submissions(accepted)),
    "# EOF",
  ];
  return `${lines.join("\n")}\n`;
}

function submissions(accepted: Readonly<Record<AcceptOutcome, number>>): readonly string[] {
  return [
    "# TYPE api_submissions counter",
    "# HELP api_submissions Answers to POST /tasks of this process.",
    ...Object.entries(accepted).map(([outcome, n]) => `api_submissions_total{outcome="${outcome}"} ${n}`),
  ];
}

export type AcceptOutcome = "accepted" | "invalid" | "limited" | "full" | "error";
