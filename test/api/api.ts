import { type ApiOptions, createApi } from "../../services/api/app.ts";
import { MemoryQueue } from "../../services/queue/memory.ts";
import type { QueueOptions } from "../../services/queue/options.ts";
import { bundledTasks } from "../../services/tasks/registry.ts";
import { Metrics } from "../../services/telemetry/metrics.ts";
import { queueLook } from "../../services/telemetry/queue-look.ts";
import { plainTracing } from "../../services/telemetry/tracing.ts";
import { testLife } from "../services/lives.ts";

export const NOON = Date.UTC(2026, 0, 1, 12);
export const good = { type: "report.aggregate", payload: { rows: [], group_by: "k", sum: "v" } };

/** The API over a queue in memory, asked without a network. */
export function api(options: Partial<QueueOptions> & Partial<ApiOptions> = {}) {
  const queue = options.queue ?? new MemoryQueue({ now: () => NOON, ...options });
  const { life, drain } = testLife();
  const reported: string[] = [];
  const report = (error: Error, request: string) => reported.push(`${request}: ${error.message}`);
  const info = { version: "1.2.3", commit: "abc" };
  const metrics = new Metrics();
  metrics.look("queue", queueLook(queue));
  const limits = { bodyLimitBytes: 2_000, timeLimitMs: 5_000, shedOverMs: 200, maxStreams: 2, rateLimit: null };
  const watched = { metrics, tracing: plainTracing, report };
  const app = createApi({ registry: bundledTasks, life, info, ...limits, ...watched, ...options, queue });
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    app.request("/tasks", { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body), headers });
  const get = async (path: string) => (await app.request(path)).json() as Promise<Record<string, unknown>>;
  return { app, queue, life, drain, reported, post, get };
}
