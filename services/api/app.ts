import { type Context, Hono, type MiddlewareHandler } from "hono";
import { requestId } from "hono/request-id";
import { clientAddress } from "../kit/client-address.ts";
import { type BuildInfo, mountHealth, type ReadinessCheck } from "../kit/health.ts";
import type { Life } from "../kit/life.ts";
import { type Queue, QueueUnavailable } from "../queue/queue.ts";
import type { Registry } from "../tasks/registry.ts";
import { METRICS_TYPE } from "../telemetry/family.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { newTrace, type Trace } from "../telemetry/trace.ts";
import type { Tracing } from "../telemetry/tracing.ts";
import { documentRoutes } from "./document-routes.ts";
import { createLiveAdmission } from "./live-admission.ts";
import { type AcceptOutcome, admissionLook, apiMetrics, streamsLook } from "./metrics.ts";
import { observed, spanOf } from "./observed.ts";
import { openapiDocument } from "./openapi.ts";
import { type ProblemCode, problem, problemForNow, problemOf } from "./problem.ts";
import { queueRoutes } from "./queue-routes.ts";
import { createRateLimit, type RateLimit } from "./rate-limit.ts";
import { taskEvents } from "./task-events.ts";
import { taskRoutes } from "./task-routes.ts";
import { timeLimit } from "./time-limit.ts";
import { upload } from "./upload.ts";

/** A guess: how long until a store is there again. */
const RETRY_AFTER_S = 1;

/** `shedOverMs`, `maxStreams` and `rateLimit` are looked at anew for each request: whoever changes them in place changes what holds. */
export type ApiOptions = Readonly<{
  queue: Queue;
  registry: Registry;
  life: Life;
  info: BuildInfo;
  bodyLimitBytes: number;
  /** A request that is not answered after so long is answered 408 or 503. */
  timeLimitMs: number;
  /** How long an answer may take before more requests for `/tasks` are refused; 0: none is. */
  shedOverMs: number;
  /** How many event streams may be open at a time. */
  maxStreams: number;
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
  const admission = createLiveAdmission("/tasks", () => options.shedOverMs);
  options.metrics.look("api_admission", admissionLook(admission));

  app.use(requestId());
  app.use(observed(metrics, options.tracing));
  app.post("/tasks", async (c, next) => {
    await next();
    metrics.submissions.add({ outcome: outcomeOf(c.res.status, problemOf(c)) });
  });
  app.use(timeLimit(options.timeLimitMs));
  app.use("/tasks/*", limited(options));
  app.use(upload(options.bodyLimitBytes, admission.arrived));
  app.route("/", taskRoutes({ queue, registry }));
  app.route("/", events(options));
  app.route("/", queueRoutes({ queue, registry }));
  app.get("/metrics", async (c) => c.body(await options.metrics.text(), 200, { "content-type": METRICS_TYPE }));
  const document = () => openapiDocument(registry, info.version);
  app.route("/", documentRoutes(document));
  const { checks = { queue: () => queue.stats().then(() => true) } } = options;
  mountHealth(app, { life, info, checks });

  app.notFound((c) => problem(c, "route-unknown", `There is no ${c.req.method} ${c.req.path}.`));
  app.onError((error, c) => {
    if (error instanceof QueueUnavailable) return unavailable(c);
    options.report(error, `${c.req.method} ${c.req.path} (${c.get("requestId")})`, spanOf(c).trace);
    return problem(c, "internal", "The request could not be handled; the fault is in the service's log.");
  });
  app.fetch = admission.guard(app.fetch);
  return app;
}

/** Clients are told apart by their address; those of a unix socket, or behind one proxy, are one. */
function limited(options: Pick<ApiOptions, "rateLimit">): MiddlewareHandler {
  let limit: RateLimit | null = null;
  let mayAsk: ReturnType<typeof createRateLimit> | null = null;
  return async (c, next) => {
    const { rateLimit = null } = options;
    if (!isSame(rateLimit, limit)) mayAsk = rateLimit && createRateLimit(rateLimit);
    limit = rateLimit;
    if (mayAsk === null) return next();
    const waitMs = mayAsk(clientAddress(c.req.raw, c.env) ?? "unix");
    if (waitMs === 0) return next();
    const detail = `This client asks too often; it may again in ${waitMs} ms.`;
    return problemForNow(c, "too-many-requests", detail, Math.ceil(waitMs / 1000));
  };
}

const isSame = (one: RateLimit | null, other: RateLimit | null): boolean =>
  one?.perSecond === other?.perSecond && one?.burst === other?.burst;

/** The streams of events, and how many there are. A look at a task is nobody's request, and has a trace of its own. */
function events(options: ApiOptions): Hono {
  const { queue, life, metrics, report } = options;
  const told = (error: Error): void => {
    if (!(error instanceof QueueUnavailable)) report(error, "GET /tasks/:id/events", newTrace());
  };
  const { app, watch } = taskEvents({ queue, life, maxStreams: () => options.maxStreams, report: told });
  const open = () => watch.watchers;
  metrics.look("api_event_streams", streamsLook(open));
  return app;
}

/** Readiness and metrics tell of it; a line in the log for each request that meets it would say no more. */
function unavailable(c: Context): Response {
  return problemForNow(c, "queue-unavailable", "The queue cannot be reached, or cannot do it now.", RETRY_AFTER_S);
}

function outcomeOf(status: number, problem: ProblemCode | undefined): AcceptOutcome {
  if (status === 202) return "accepted";
  if (problem === "queue-full") return "full";
  if (problem === "queue-unavailable") return "unavailable";
  if (problem === "timed-out") return "late";
  if (problem === "too-many-requests") return "limited";
  return status >= 500 ? "error" : "invalid";
}
