import type { Context, MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import { readTraceparent } from "../telemetry/trace.ts";
import { plainTracing, type Span, type Tracing } from "../telemetry/tracing.ts";
import type { ApiMetrics } from "./metrics.ts";

/** Asked every few seconds by machines: their spans would be most of all, and tell nothing. */
const UNTRACED = new Set(["/healthz", "/readyz", "/metrics"]);

/** Any other is counted as `_OTHER`: a client may make up as many as it likes. Source: OpenTelemetry, `http.request.method`. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Whatever no route answers. */
const NO_ROUTE = "none";

/** Counts every request, and puts its span into the context, as `span`, below that of whoever asks. */
export function observed(metrics: ApiMetrics, tracing: Tracing): MiddlewareHandler {
  return async (c, next) => {
    const begin = performance.now();
    const route = routeOf(c);
    const method = METHODS.has(c.req.method) ? c.req.method : "_OTHER";
    const recorder = UNTRACED.has(route) ? plainTracing : tracing;
    const span = recorder.begin("server", () => ({
      name: `${method} ${route}`,
      parent: readTraceparent(c.req.header("traceparent")),
      attributes: { "http.request.method": method, "http.route": route, "url.path": c.req.path },
    }));
    c.set("span", span);
    metrics.inFlight.add({}, 1);
    try {
      await next();
    } finally {
      const status = String(c.finalized ? c.res.status : 500);
      metrics.inFlight.add({}, -1);
      metrics.requests.add({ method, route, status });
      metrics.duration.observe({ method, route }, (performance.now() - begin) / 1000);
      span.set({ "http.response.status_code": Number(status) });
      if (status.startsWith("5")) span.failed(status, c.error?.message);
      span.end();
    }
  };
}

/** The span of a request, in whatever answers it. */
export function spanOf(c: Context): Span {
  return c.get("span");
}

/** The pattern of the route that answers. Shape: `/tasks/:id`. Middleware is registered for all methods, and is none. */
function routeOf(c: Context): string {
  return matchedRoutes(c).findLast(({ method }) => method !== "ALL")?.path ?? NO_ROUTE;
}
