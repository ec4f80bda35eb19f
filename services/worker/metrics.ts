import type { Metrics } from "../telemetry/metrics.ts";
import type { AttemptEnd } from "./attempt.ts";

const OUTCOMES = ["done", "failed", "released", "lost"] as const satisfies readonly AttemptEnd[];

/** For a type that this worker does not know, whatever it is called. */
const UNKNOWN = "unknown";

/** What a worker counts: rate, errors and duration of attempts by type, and how much of its concurrency is in use. */
export function workerMetrics(metrics: Metrics, types: readonly string[]) {
  const attempts = metrics.counter("worker_attempts", "Attempts that ended, by outcome.", ["type", "outcome"]);
  for (const type of types) for (const outcome of OUTCOMES) attempts.add({ type, outcome }, 0);
  const inFlight = metrics.gauge("worker_attempts_in_flight", "Attempts that run.");
  inFlight.add({}, 0);
  const concurrency = metrics.gauge("worker_concurrency", "Attempts that may run at a time.");
  const duration = metrics.histogram("worker_attempt_duration_seconds", "From the begin of an attempt to its end.", [
    "type",
  ]);
  const known = new Set(types);
  return {
    concurrency,
    began: (): void => inFlight.add({}, 1),
    ended(taskType: string, outcome: AttemptEnd, durationMs: number): void {
      const type = known.has(taskType) ? taskType : UNKNOWN;
      inFlight.add({}, -1);
      attempts.add({ type, outcome });
      duration.observe({ type }, durationMs / 1000);
    },
  };
}
