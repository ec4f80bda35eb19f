import { type Config, sections } from "../../config/schema.ts";
import { createApi } from "../api/app.ts";
import type { Servable } from "../kit/serve.ts";
import { bundledTasks } from "../tasks/registry.ts";
import { type Trace, traceFields } from "../telemetry/trace.ts";
import { buildInfo } from "./build-info.ts";
import type { Listening } from "./doors.ts";
import { drainLimit } from "./drain-limit.ts";
import { type Module, moduleOf } from "./module.ts";
import type { Surroundings } from "./surroundings.ts";

/** The HTTP API: on the listener `http` that the supervisor passed, or on its own address without one. */
export function apiModule({ queue, checks, metrics, tracing }: Surroundings): Module {
  let served: Listening | null = null;
  let app: Servable | null = null;
  const build = buildInfo(process.env);
  const info = {
    ...build,
    get mode() {
      return served?.mode ?? null;
    },
  };
  return moduleOf({
    name: "api",
    config: sections.api,
    async start({ config, onConfig, life, log, listen }) {
      const { host, port, drain_ms } = config;
      const report = (error: Error, request: string, trace: Trace) =>
        log.error({ event: "api.failed", request, ...traceFields(trace), err: error });
      const watched = { checks, metrics, tracing, report };
      const options = { queue, registry: bundledTasks, life, info, ...limitsOf(config), ...watched };
      app = createApi(options);
      onConfig((now) => void Object.assign(options, liveLimitsOf(now)));
      served = await listen(app, { listener: "http", host, port, drainMs: drainLimit(drain_ms, process.env) });
      const { address, mode, reason } = served;
      log.info({ event: "api.listening", address, mode, reason, queue: queue.url }, `listening on ${address}`);
    },
    async stop({ log }) {
      log.info({ event: "api.drained" });
    },
    /** Asks the app itself, since at the listener another copy may answer. */
    async health() {
      const answer = await app?.fetch(new Request("http://localhost/healthz"));
      return answer?.ok ?? false;
    },
  });
}

function limitsOf(api: Config["api"]) {
  return { bodyLimitBytes: api.body_limit_bytes, timeLimitMs: api.time_limit_ms, ...liveLimitsOf(api) };
}

/** Those that the app looks at for each request. Source: what `config/schema.ts` calls live. */
function liveLimitsOf({ rate_limit_per_sec: perSecond, rate_limit_burst: burst, ...api }: Config["api"]) {
  return {
    shedOverMs: api.shed_over_ms,
    maxStreams: api.max_streams,
    rateLimit: perSecond === 0 ? null : { perSecond, burst },
  };
}
