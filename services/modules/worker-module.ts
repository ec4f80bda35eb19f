import { hostname } from "node:os";
import { resolve } from "node:path";
import type { Taken } from "../queue/queue.ts";
import type { AttemptEnd } from "../worker/attempt.ts";
import { runWorker } from "../worker/worker.ts";
import { drainLimit } from "./drain-limit.ts";
import type { Module } from "./module.ts";
import type { Surroundings } from "./surroundings.ts";

/** The worker: runs tasks until the life drains, then finishes what is in flight. */
export function workerModule({ config, queue, registry, webhook, life, log }: Surroundings): Module {
  let work: Promise<void> | null = null;
  const stopped = new AbortController();
  const draining = AbortSignal.any([life.draining, stopped.signal]);
  const { concurrency, lease_ms, drain_ms, folder } = config.worker;
  const name = `${process.env.SUPERVISOR_INSTANCE ?? "worker"}@${hostname()}/${process.pid}`;
  const ended = ({ task }: Taken, end: AttemptEnd, durationMs: number) => {
    const { id, type, attempts } = task;
    const level = end === "done" ? "debug" : "warn";
    log[level]({ event: `task.${end}`, task: id, type, attempts, durationMs, traceparent: task.traceparent });
  };
  return {
    name: "worker",
    async start() {
      const report = (error: Error, task: string) => log.error({ event: "worker.queue-failed", task, err: error });
      const drainMs = drainLimit(drain_ms, process.env);
      const limits = { concurrency, leaseMs: lease_ms, drainMs, folder: resolve(folder) };
      const ours = { draining, status: (text: string) => life.status(text) };
      work = runWorker({ ...limits, queue, registry, webhook, life: ours, name, report, ended });
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
