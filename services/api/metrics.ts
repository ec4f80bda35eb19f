import { plain } from "../telemetry/family.ts";
import type { Look, Metrics } from "../telemetry/metrics.ts";

const OUTCOMES = ["accepted", "invalid", "limited", "full", "unavailable", "late", "error"] as const;

export type AcceptOutcome = (typeof OUTCOMES)[number];

/** What the API counts: rate, errors and duration of requests by route, and what became of submissions. */
export function apiMetrics(metrics: Metrics) {
  const by = ["method", "route"] as const;
  const submissions = metrics.counter("api_submissions", "Answers to POST /tasks of this process.", ["outcome"]);
  for (const outcome of OUTCOMES) submissions.add({ outcome }, 0);
  const inFlight = metrics.gauge("api_requests_in_flight", "Requests that have no answer yet.");
  inFlight.add({}, 0);
  return {
    submissions,
    inFlight,
    requests: metrics.counter("api_requests", "Answers by route and status.", [...by, "status"]),
    duration: metrics.histogram(
      "api_request_duration_seconds",
      "From the head of a request to that of its answer.",
      by,
    ),
  };
}

export type ApiMetrics = ReturnType<typeof apiMetrics>;

/** Looks at how many event streams are open. */
export function streamsLook(open: () => number): Look {
  const facts = { name: "api_event_streams", type: "gauge", help: "Event streams that are open." } as const;
  return async () => [{ ...facts, samples: [plain("gauge", {}, open())] }];
}
