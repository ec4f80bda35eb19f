import { createApi } from "../api/app.ts";
import { type Served, serve } from "../kit/serve.ts";
import { type Trace, traceFields } from "../telemetry/trace.ts";
import { buildInfo } from "./build-info.ts";
import { drainLimit } from "./drain-limit.ts";
import type { Module } from "./module.ts";
import type { Surroundings } from "./surroundings.ts";

/** The HTTP API: on the listener `http` that the supervisor passed, or on its own address without one. */
export function apiModule(surroundings: Surroundings): Module {
  const { config, queue, registry, life, log, checks, metrics, tracing } = surroundings;
  let served: Served | null = null;
  const build = buildInfo(process.env);
  const info = {
    ...build,
    get mode() {
      return served?.mode ?? null;
    },
  };
  return {
    name: "api",
    async start() {
      const { host, port, body_limit_bytes, drain_ms, rate_limit_per_sec, rate_limit_burst } = config.api;
      const report = (error: Error, request: string, trace: Trace) =>
        log.error({ event: "api.failed", request, ...traceFields(trace), err: error });
      const rateLimit = rate_limit_per_sec === 0 ? null : { perSecond: rate_limit_per_sec, burst: rate_limit_burst };
      const limits = { bodyLimitBytes: body_limit_bytes, rateLimit };
      const app = createApi({ queue, registry, life, info, ...limits, checks, metrics, tracing, report });
      const drainMs = drainLimit(drain_ms, process.env);
      served = await serve(app, { listener: "http", host, port, life, drainMs });
      const { address, mode, reason } = served;
      log.info({ event: "api.listening", address, mode, reason, queue: queue.url }, `listening on ${address}`);
    },
    async stop() {
      await served?.close();
      log.info({ event: "api.drained" });
    },
  };
}
