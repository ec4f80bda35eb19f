import { plain } from "../telemetry/family.ts";
import type { Look, Metrics } from "../telemetry/metrics.ts";
import type { Admission, LaneFigures } from "./admission.ts";

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

/** Looks at how many requests for tasks are in hand, how many there may be, and how many were refused. */
export function admissionLook(admission: Pick<Admission, "figures">): Look {
  return async () => {
    const lanes = Object.entries(admission.figures);
    const of = (type: "counter" | "gauge", figure: keyof LaneFigures) =>
      lanes.map(([lane, figures]) => plain(type, { lane }, figures[figure]));
    return [
      {
        name: "api_tasks_in_hand",
        type: "gauge",
        help: "Requests for tasks that are worked on.",
        samples: of("gauge", "inHand"),
      },
      {
        name: "api_tasks_in_hand_limit",
        type: "gauge",
        help: "How many of them there may be, as learnt from how long they take.",
        samples: of("gauge", "most"),
      },
      {
        name: "api_tasks_refused",
        type: "counter",
        help: "Requests for tasks that were refused because they would have waited too long.",
        samples: of("counter", "refused"),
      },
    ];
  };
}
