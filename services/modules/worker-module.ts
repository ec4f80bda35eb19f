import { hostname } from "node:os";
import { resolve } from "node:path";
import type { Logger } from "pino";
import { sections } from "../../config/schema.ts";
import type { Taken } from "../queue/queue.ts";
import { bundledTasks } from "../tasks/registry.ts";
import { readWebhookPolicy } from "../tasks/webhook-policy.ts";
import { traceFields } from "../telemetry/trace.ts";
import type { Span } from "../telemetry/tracing.ts";
import type { AttemptEnd } from "../worker/attempt.ts";
import { workerMetrics } from "../worker/metrics.ts";
import { createPool } from "../worker/pool.ts";
import { catchStrays, MAX_STRAYS } from "../worker/strays.ts";
import { runWorker } from "../worker/worker.ts";
import { ConfigFault } from "./config-fault.ts";
import { drainLimit } from "./drain-limit.ts";
import { type Module, moduleOf } from "./module.ts";
import type { Surroundings } from "./surroundings.ts";

/** The worker: runs tasks until its life drains, then finishes what is in flight. */
export function workerModule({ queue, metrics, tracing }: Surroundings): Module {
  let work: Promise<void> | null = null;
  const name = `${process.env.SUPERVISOR_INSTANCE ?? "worker"}@${hostname()}/${process.pid}`;
  return moduleOf({
    name: "worker",
    config: sections.worker,
    async start({ config, onConfig, life, log, fail }) {
      const { concurrency, lease_ms, drain_ms, folder } = config;
      const webhook = readWebhookPolicy(config, process.env);
      if (typeof webhook === "string") throw new ConfigFault(`worker.webhook_secret_file: ${webhook}`);
      const counted = workerMetrics(metrics, [...bundledTasks.keys()]);
      counted.concurrency.set({}, concurrency);
      const tell = { ...tellers(log, counted), began: counted.began };
      const strays = catchStrays({
        nobodys: (error) => tell.strayed(error, null),
        tooMany: () => fail(new Error(`more than ${MAX_STRAYS} errors of handlers went astray within a minute`)),
      });
      const pool = createPool(concurrency);
      onConfig((now) => {
        counted.concurrency.set({}, now.concurrency);
        pool.resize(now.concurrency);
      });
      const limits = {
        pool,
        leaseMs: lease_ms,
        drainMs: drainLimit(drain_ms, process.env),
        folder: resolve(folder),
      };
      work = runWorker({ ...limits, ...tell, queue, registry: bundledTasks, webhook, strays, tracing, life, name });
      work.catch(fail);
      const facts = { concurrency, queue: queue.url, webhookSecrets: webhook.secrets.length };
      log.info({ event: "worker.started", ...facts }, `working for ${queue.url}`);
    },
    async stop({ log }) {
      // What ended it is told already.
      await work?.catch(() => undefined);
      log.info({ event: "worker.drained" });
    },
  });
}

/** What is told of attempts, of errors of handlers that went astray, and of a queue that fails. */
function tellers(log: Logger, counted: ReturnType<typeof workerMetrics>) {
  return {
    report: (error: Error, task: string, attempt?: Span) =>
      log.error({ event: "worker.queue-failed", task, ...(attempt && traceFields(attempt.trace)), err: error }),
    strayed: (error: Error, task: string | null, attempt?: Span) =>
      log.error({ event: "task.strayed", task, ...(attempt && traceFields(attempt.trace)), err: error }),
    ended({ task }: Taken, end: AttemptEnd, durationMs: number, attempt: Span): void {
      const { id, type, attempts } = task;
      counted.ended(type, end, durationMs);
      const level = end === "done" ? "debug" : "warn";
      // Thousands a second end well, and most of the time nobody wants to know.
      if (!log.isLevelEnabled(level)) return;
      log[level]({ event: `task.${end}`, task: id, type, attempts, durationMs, ...traceFields(attempt.trace) });
    },
  };
}
