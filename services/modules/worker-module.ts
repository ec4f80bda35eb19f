import { hostname } from "node:os";
import { resolve } from "node:path";
import type { Taken } from "../queue/queue.ts";
import { traceFields } from "../telemetry/trace.ts";
import type { Span } from "../telemetry/tracing.ts";
import type { AttemptEnd } from "../worker/attempt.ts";
import { workerMetrics } from "../worker/metrics.ts";
import { runWorker } from "../worker/worker.ts";
import { drainLimit } from "./drain-limit.ts";
import type { Module } from "./module.ts";
import type { Surroundings } from "./surroundings.ts";

/** The worker: runs tasks until the life drains, then finishes what is in flight. */
export function workerModule(surroundings: Surroundings): Module {
  const { config, queue, registry, webhook, life, log, metrics, tracing } = surroundings;
  let work: Promise<void> | null = null;
  const stopped = new AbortController();
  const draining = AbortSignal.any([life.draining, stopped.signal]);
  const { concurrency, lease_ms, drain_ms, folder } = config.worker;
  const name = `${process.env.SUPERVISOR_INSTANCE ?? "worker"}@${hostname()}/${process.pid}`;
  const counted = workerMetrics(metrics, [...registry.keys()]);
  counted.concurrency.set({}, concurrency);
  const ended = ({ task }: Taken, end: AttemptEnd, durationMs: number, attempt: Span) => {
    const { id, type, attempts } = task;
    counted.ended(type, end, durationMs);
    const level = end === "done" ? "debug" : "warn";
    // Thousands a second end well, and most of the time nobody wants to know.
    if (!log.isLevelEnabled(level)) return;
    log[level]({ event: `task.${end}`, task: id, type, attempts, durationMs, ...traceFields(attempt.trace) });
  };
  return {
    name: "worker",
    async start() {
      const report = (error: Error, task: string, attempt?: Span) =>
        log.error({ event: "worker.queue-failed", task, ...(attempt && traceFields(attempt.trace)), err: error });
      const drainMs = drainLimit(drain_ms, process.env);
      const limits = { concurrency, leaseMs: lease_ms, drainMs, folder: resolve(folder) };
      const ours = { draining, status: (text: string) => life.status(text) };
      const tell = { report, began: counted.began, ended };
      work = runWorker({ ...limits, ...tell, queue, registry, webhook, tracing, life: ours, name });
      const facts = { concurrency, queue: queue.url, webhookSecrets: webhook.secrets.length };
      log.info({ event: "worker.started", ...facts }, `working for ${queue.url}`);
    },
    async stop() {
      stopped.abort();
      await work;
      log.info({ event: "worker.drained" });
    },
  };
}
