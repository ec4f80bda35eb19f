import { expect, test } from "bun:test";
import type { Stats } from "../../services/queue/queue.ts";
import { Metrics } from "../../services/telemetry/metrics.ts";
import { queueLook } from "../../services/telemetry/queue-look.ts";
import { readOpenMetrics } from "../support/openmetrics.ts";

/** What one series says; undefined: it is not there. */
const told = (text: string, name: string, labels = ""): number | undefined =>
  readOpenMetrics(text).find((one) => one.name === name && one.labels === labels)?.value;

test("counters, gauges, histograms and what does not change are told as OpenMetrics", async () => {
  const metrics = new Metrics();
  metrics.info("service_build", 'What "runs"\nhere.', { runtime: 'bun "x"\\\n' });
  const answers = metrics.counter("answers", "Answers.", ["method", "status"]);
  answers.add({ method: "GET", status: "200" });
  answers.add({ status: "200", method: "GET" }, 2);
  answers.add({ method: "GET", status: "500" }, 0);
  const inFlight = metrics.gauge("in_flight", "In flight.");
  inFlight.add({}, 2);
  inFlight.add({}, -1);
  metrics.gauge("limit", "Limit.").set({}, 7);
  const duration = metrics.histogram("duration_seconds", "How long.", ["type"]);
  for (const seconds of [0.0005, 0.001, 0.2, 5, 1_000]) duration.observe({ type: "a" }, seconds);
  const text = await metrics.text();
  expect(text).toContain("# TYPE duration_seconds histogram\n# UNIT duration_seconds seconds\n# HELP duration_seconds");
  expect(told(text, "service_build_info", 'runtime="bun \\"x\\"\\\\\\n"')).toBe(1);
  expect(told(text, "answers_total", 'method="GET",status="200"')).toBe(3);
  expect(told(text, "answers_total", 'method="GET",status="500"')).toBe(0);
  expect([told(text, "in_flight"), told(text, "limit")]).toEqual([1, 7]);
  const below = ["0.001", "0.1", "0.25", "5.0", "300.0", "+Inf"].map((le) =>
    told(text, "duration_seconds_bucket", `type="a",le="${le}"`),
  );
  expect(below).toEqual([2, 2, 3, 4, 4, 5]);
  expect(told(text, "duration_seconds_sum", 'type="a"')).toBe(1005.2015);
});

test("who asks for a family again goes on with it", async () => {
  const metrics = new Metrics();
  metrics.counter("n", "N.", ["a"]).add({ a: "x" });
  metrics.counter("n", "N.", ["a"]).add({ a: "x" });
  expect(told(await metrics.text(), "n_total", 'a="x"')).toBe(2);
});

const stats: Stats = {
  queued: 3,
  running: 1,
  done: 5,
  failed: 0,
  dead: 2,
  cancelled: 0,
  oldest_queued_ms: 1_500,
  paused: [],
};

test("the queue is told by state and by its oldest", async () => {
  const metrics = new Metrics();
  metrics.look("queue", queueLook({ stats: async () => stats }));
  const text = await metrics.text();
  expect(told(text, "queue_up")).toBe(1);
  expect(told(text, "queue_tasks", 'state="dead"')).toBe(2);
  expect(told(text, "queue_oldest_queued_seconds")).toBe(1.5);
});

test.each([
  ["fails", () => Promise.reject(new Error("gone"))],
  ["does not answer", () => new Promise<never>(() => {})],
])("a queue that %s is down, and the rest is told", async (_, ask) => {
  const metrics = new Metrics();
  metrics.counter("n", "N.").add({});
  metrics.look("queue", queueLook({ stats: ask }, 10));
  const text = await metrics.text();
  expect([told(text, "queue_up"), told(text, "n_total")]).toEqual([0, 1]);
  expect(text).not.toContain("queue_tasks");
});
