import type { Span } from "../telemetry/tracing.ts";
import type { Attempt } from "./task-type.ts";

const DEFAULT_PORT: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

/**
 * Makes a request to somebody else within a span below the attempt's. `shown`: what may be told of the URL.
 * Source: OpenTelemetry, "Semantic conventions for HTTP spans".
 */
export async function withClientSpan(
  attempt: Span,
  { method, url, shown }: Readonly<{ method: string; url: string; shown: string }>,
  ask: (span: Span) => Promise<Attempt>,
): Promise<Attempt> {
  const { hostname, port, protocol } = new URL(url);
  const span = attempt.child("client", method, {
    "http.request.method": method,
    "server.address": hostname,
    "server.port": port === "" ? (DEFAULT_PORT[protocol] ?? 0) : Number(port),
    "url.full": shown,
  });
  try {
    const outcome = await ask(span);
    if (!outcome.ok) span.failed(outcome.error.code, outcome.error.message);
    return outcome;
  } catch (error) {
    span.failed("given-up");
    throw error;
  } finally {
    span.end();
  }
}
