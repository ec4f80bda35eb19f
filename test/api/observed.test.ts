import { expect, test } from "bun:test";
import { createApi } from "../../services/api/app.ts";
import { MemoryQueue } from "../../services/queue/memory.ts";
import type { Queue } from "../../services/queue/queue.ts";
import { bundledTasks } from "../../services/tasks/registry.ts";
import { Metrics } from "../../services/telemetry/metrics.ts";
import { testLife } from "../services/lives.ts";
import { readOpenMetrics } from "../support/openmetrics.ts";
import { recordingTracing } from "../telemetry/recorder.ts";

const good = { type: "report.aggregate", payload: { rows: [], group_by: "k", sum: "v" } };
const traceId = "0af7651916cd43dd8448eb211c80319c";
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;

function api(queue: Queue = new MemoryQueue()) {
  const tracing = recordingTracing();
  const reported: unknown[] = [];
  const app = createApi({
    queue,
    registry: bundledTasks,
    life: testLife().life,
    info: { version: "1" },
    bodyLimitBytes: 2_000,
    timeLimitMs: 5_000,
    shedOverMs: 200,
    maxStreams: 2,
    metrics: new Metrics(),
    tracing,
    report: (error, _request, trace) => reported.push([error.message, trace]),
  });
  const post = (body: unknown) =>
    app.request("/tasks", { method: "POST", body: JSON.stringify(body), headers: { traceparent } });
  const scrape = async () => readOpenMetrics(await (await app.request("/metrics")).text());
  return { app, queue, tracing, reported, post, scrape };
}

test("requests are counted by the route's pattern, a known method and the status, however many paths clients make up", async () => {
  const { app, post, scrape } = api();
  await post(good);
  await post({});
  for (const id of ["a", "b", "c"]) await app.request(`/tasks/${id}`);
  await app.request("/tasks/a", { method: "HEAD" });
  for (const path of ["/nowhere", "/else", "/tasks/a/b/c"]) await app.request(path);
  await app.request("/tasks", { method: "PROPFIND" });
  const series = await scrape();
  const counts = series.filter(({ name }) => name === "api_requests_total");
  expect(Object.fromEntries(counts.map(({ labels, value }) => [labels, value]))).toEqual({
    'method="POST",route="/tasks",status="202"': 1,
    'method="POST",route="/tasks",status="400"': 1,
    'method="GET",route="/tasks/:id",status="404"': 3,
    'method="HEAD",route="/tasks/:id",status="404"': 1,
    'method="GET",route="none",status="404"': 3,
    'method="_OTHER",route="none",status="404"': 1,
  });
  const durations = series.filter(({ name }) => name === "api_request_duration_seconds_count");
  expect(Object.fromEntries(durations.map(({ labels, value }) => [labels, value]))).toMatchObject({
    'method="POST",route="/tasks"': 2,
    'method="GET",route="/tasks/:id"': 3,
  });
  // The scrape itself is on its way.
  expect(series.find(({ name }) => name === "api_requests_in_flight")?.value).toBe(1);
});

test("a request is a span below its caller's, the write another below it, and that one goes with the task", async () => {
  const { tracing, queue, post } = api();
  const { id } = (await (await post(good)).json()) as { id: string };
  const [server, producer] = tracing.spans;
  expect(tracing.spans).toEqual([
    expect.objectContaining({ kind: "server", name: "POST /tasks", parent: "b7ad6b7169203331", isEnded: true }),
    expect.objectContaining({ kind: "producer", parent: server?.id ?? "", failure: null, isEnded: true }),
  ]);
  expect(server?.attributes).toEqual({
    "http.request.method": "POST",
    "http.route": "/tasks",
    "url.path": "/tasks",
    "http.response.status_code": 202,
  });
  expect(producer?.attributes).toEqual({
    "messaging.system": "memory",
    "messaging.operation.name": "enqueue",
    "messaging.operation.type": "send",
    "messaging.destination.name": "report.aggregate",
    "messaging.message.id": id,
  });
  expect((await queue.get(id))?.traceparent).toBe(`00-${traceId}-${producer?.id}-01`);
});

test("what fails is said of the spans and to the log, in one trace; what a client did wrong is no failure", async () => {
  const queue = Object.assign(new MemoryQueue(), { enqueue: () => Promise.reject(new RangeError("disk full")) });
  const { tracing, reported, post } = api(queue);
  await post(good);
  await post({});
  const [server, producer, refused] = tracing.spans;
  expect([server?.failure, producer?.failure, refused?.failure]).toEqual([
    { type: "500", message: "disk full" },
    { type: "RangeError", message: undefined },
    null,
  ]);
  expect(tracing.spans.map(({ isEnded }) => isEnded)).toEqual([true, true, true]);
  expect(reported).toEqual([["disk full", { traceId, spanId: server?.id ?? "", flags: 1 }]]);
});

test("who asks after health or metrics leaves no span", async () => {
  const { app, tracing } = api();
  for (const path of ["/healthz", "/readyz", "/metrics"]) await app.request(path);
  expect(tracing.spans).toEqual([]);
  await app.request("/info");
  expect(tracing.spans.length).toBe(1);
});
