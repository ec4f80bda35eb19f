import { Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { requestId } from "hono/request-id";
import { clientAddress } from "../kit/client-address.ts";
import { type BuildInfo, mountHealth, type ReadinessCheck } from "../kit/health.ts";
import type { Life } from "../kit/life.ts";
import type { Queue } from "../queue/queue.ts";
import type { Registry } from "../tasks/registry.ts";
import { METRICS_TYPE } from "../telemetry/family.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Trace } from "../telemetry/trace.ts";
import type { Tracing } from "../telemetry/tracing.ts";
import { type AcceptOutcome, apiMetrics } from "./metrics.ts";
import { observed, spanOf } from "./observed.ts";
import { openapiDocument } from "./openapi.ts";
import { problem } from "./problem.ts";
import { createRateLimit, type RateLimit } from "./rate-limit.ts";
import { taskRoutes } from "./task-routes.ts";

export type ApiOptions = Readonly<{
  queue: Queue;
  registry: Registry;
  life: Life;
  info: BuildInfo;
  bodyLimitBytes: number;
  /** How often one client may ask for `/tasks`; left out: as often as it likes. */
  rateLimit?: RateLimit | null;
  /** What it needs to be ready; left out: its queue. */
  checks?: Readonly<Record<string, ReadinessCheck>>;
  metrics: Metrics;
  tracing: Tracing;
  /** Told of what a handler threw; the client sees only that it was our fault. Shape of `request`: `POST /tasks (REQUEST-ID)`. */
  report: (error: Error, request: string, trace: Trace) => void;
}>;

/** Makes the HTTP API over a queue. Source: the contract, §7. */
export function createApi(options: ApiOptions): Hono {
  const { queue, registry, life, info } = options;
  const app = new Hono();
  const metrics = apiMetrics(options.metrics);

  app.use(requestId());
  app.use(observed(metrics, options.tracing));
  app.post("/tasks", async (c, next) => {
    await next();
    metrics.submissions.add({ outcome: outcomeOf(c.res.status) });
  });
  if (options.rateLimit) app.use("/tasks/*", limited(createRateLimit(options.rateLimit)));
  app.use(bodyLimit({ maxSize: options.bodyLimitBytes, onError: (c) => tooLarge(c, options.bodyLimitBytes) }));
  app.route("/", taskRoutes({ queue, registry }));
  app.get("/metrics", async (c) => c.body(await options.metrics.text(), 200, { "content-type": METRICS_TYPE }));
  const document = openapiDocument(registry, info.version);
  app.get("/openapi.json", (c) => c.json(document));
  const { checks = { queue: () => queue.stats().then(() => true) } } = options;
  mountHealth(app, { life, info, checks });

  app.notFound((c) => problem(c, "route-unknown", `There is no ${c.req.method} ${c.req.path}.`));
  app.onError((error, c) => {
    options.report(error, `${c.req.method} ${c.req.path} (${c.get("requestId")})`, spanOf(c).trace);
    return problem(c, "internal", "The request could not be handled; the fault is in the service's log.");
  });
  return app;
}

/** Clients are told apart by their address; those of a unix socket, or behind one proxy, are one. */
function limited(mayAsk: ReturnType<typeof createRateLimit>): MiddlewareHandler {
  return async (c, next) => {
    const waitMs = mayAsk(clientAddress(c.req.raw, c.env) ?? "unix");
    if (waitMs === 0) return next();
    c.header("retry-after", String(Math.ceil(waitMs / 1000)));
    return problem(c, "too-many-requests", `This client asks too often; it may again in ${waitMs} ms.`);
  };
}

const tooLarge = (c: Parameters<typeof problem>[0], limitBytes: number) =>
  problem(c, "body-too-large", `The body is larger than ${limitBytes} bytes.`);

function outcomeOf(status: number): AcceptOutcome {
  if (status === 202) return "accepted";
  if (status === 503) return "full";
  if (status === 429) return "limited";
  return status >= 500 ? "error" : "invalid";
}
