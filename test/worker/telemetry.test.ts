import { expect, test } from "bun:test";
import { z } from "zod";
import { MemoryQueue } from "../../services/queue/memory.ts";
import type { Queue } from "../../services/queue/queue.ts";
import { registryOf } from "../../services/tasks/registry.ts";
import { type TaskContext, taskType } from "../../services/tasks/task-type.ts";
import { unsigned } from "../../services/tasks/webhook-policy.ts";
import { Metrics } from "../../services/telemetry/metrics.ts";
import type { Trace } from "../../services/telemetry/trace.ts";
import { workerMetrics } from "../../services/worker/metrics.ts";
import { createPool } from "../../services/worker/pool.ts";
import { runWorker } from "../../services/worker/worker.ts";
import { testLife } from "../services/lives.ts";
import { eventually } from "../support/eventually.ts";
import { readOpenMetrics } from "../support/openmetrics.ts";
import { within } from "../support/within.ts";
import { recordingTracing } from "../telemetry/recorder.ts";

const BOUND_MS = 10_000;
const traceId = "0af7651916cd43dd8448eb211c80319c";
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;

/** A worker whose only task type, `t`, does what the test says. `logged`: what went to the log, with its trace. */
function worker(handle: (payload: unknown, context: TaskContext) => Promise<unknown>, given: Queue | null = null) {
  const queue = given ?? new MemoryQueue({ backoff: { baseMs: 0, capMs: 0 } });
  const { life, drain } = testLife();
  const tracing = recordingTracing();
  const logged: (readonly [string, Trace | undefined])[] = [];
  const payload = z.object({ n: z.number().optional() });
  const result = async (value: unknown, context: TaskContext) =>
    ({ ok: true, result: await handle(value, context) }) as const;
  const types = [taskType({ name: "t", description: "", payload, timeLimitMs: 30, handle: result })];
  const finished = runWorker({
    queue,
    registry: registryOf(types),
    life,
    tracing,
    name: "w",
    pool: createPool(2),
    leaseMs: 30_000,
    drainMs: 10_000,
    folder: "/nowhere",
    webhook: unsigned("public"),
    strays: { run: (_caught, handler) => handler() },
    strayed: (error) => logged.push([error.message, undefined]),
    began: () => logged.push(["began", undefined]),
    ended: ({ task }, end, _ms, attempt) => logged.push([`${task.type} ${end}`, attempt.trace]),
    report: (error, _task, attempt) => logged.push([error.message, attempt?.trace]),
  });
  const put = (type: string, value: unknown, maxAttempts = 1) =>
    queue.enqueue({ type, payload: value, maxAttempts, traceparent });
  const end = () => {
    drain();
    return within(finished, BOUND_MS, "the worker's end");
  };
  const hears = (line: string) => eventually(() => logged.some(([text]) => text === line), BOUND_MS, line);
  return { queue, tracing, put, end, hears, logged };
}

test("each attempt is a span below that which stored the task, and says how it ended", async () => {
  const { tracing, put, end, hears, logged } = worker(async (payload, { span }) => {
    span.child("client", "ask").end();
    const { n } = payload as { n?: number };
    if (n === 1) throw new Error("boom");
    if (n === 2) await new Promise(() => {});
    return n;
  });
  await put("t", {});
  await hears("t done");
  await put("t", { n: 1 });
  await hears("t failed");
  logged.length = 0;
  await put("t", { n: 2 });
  await hears("t failed");
  await put("strange", {});
  await hears("strange failed");
  await end();
  const attempts = tracing.spans.filter(({ kind }) => kind === "consumer");
  expect(attempts.map(({ name, parent, isEnded }) => [name, parent, isEnded])).toEqual([
    ["process t", "b7ad6b7169203331", true],
    ["process t", "b7ad6b7169203331", true],
    ["process t", "b7ad6b7169203331", true],
    ["process strange", "b7ad6b7169203331", true],
  ]);
  expect(
    attempts.map(({ failure, attributes }) => [attributes["task.outcome"], failure?.type, failure?.message]),
  ).toEqual([
    ["done", undefined, undefined],
    ["failed", "handler-threw", "boom"],
    ["failed", "time-limit", "The task ran for too long."],
    ["failed", "type-unknown", expect.any(String)],
  ]);
  expect(tracing.spans.filter(({ kind }) => kind === "client").map(({ parent }) => parent)).toEqual(
    attempts.slice(0, 3).map(({ id }) => id),
  );
  expect(logged.at(-1)?.[1]).toEqual({ traceId, spanId: attempts.at(-1)?.id ?? "", flags: 1 });
});

test("an outcome that could not be written is told of in the attempt's trace", async () => {
  const queue = new MemoryQueue();
  queue.done = () => Promise.reject(new Error("disk full"));
  const { tracing, put, end, hears, logged } = worker(async () => null, queue);
  await put("t", {});
  await hears("t lost");
  await end();
  const [attempt] = tracing.spans;
  const trace = { traceId, spanId: attempt?.id ?? "", flags: 1 };
  expect(logged).toEqual([
    ["began", undefined],
    ["disk full", trace],
    ["t lost", trace],
  ]);
  expect(attempt).toMatchObject({ failure: { type: "lost" }, isEnded: true });
});

test("attempts are counted by a type that is known and by outcome, from nought on", async () => {
  const metrics = new Metrics();
  const { began, ended, concurrency } = workerMetrics(metrics, ["a", "b"]);
  concurrency.set({}, 4);
  for (const type of ["a", "a", "made up", "made up too"]) {
    began();
    if (type !== "a") ended(type, "failed", 20);
  }
  ended("a", "done", 2_000);
  const series = readOpenMetrics(await metrics.text());
  const of = (name: string) =>
    Object.fromEntries(series.filter((one) => one.name === name).map(({ labels, value }) => [labels, value]));
  expect(of("worker_attempts_total")).toMatchObject({
    'type="a",outcome="done"': 1,
    'type="a",outcome="lost"': 0,
    'type="b",outcome="done"': 0,
    'type="unknown",outcome="failed"': 2,
  });
  expect(of("worker_attempt_duration_seconds_sum")).toEqual({ 'type="unknown"': 0.04, 'type="a"': 2 });
  expect([of("worker_attempts_in_flight"), of("worker_concurrency")]).toEqual([{ "": 1 }, { "": 4 }]);
});
