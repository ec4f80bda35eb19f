import { z } from "zod";
import { traceparentOf } from "../telemetry/trace.ts";
import type { Span } from "../telemetry/tracing.ts";
import { withClientSpan } from "./client-span.ts";
import { AddressRefused, type Answer, post } from "./post.ts";
import { isWithin } from "./public-address.ts";
import { retryAfterMs } from "./retry-after.ts";
import { type Attempt, type TaskContext, taskType } from "./task-type.ts";
import { signatureHeaders } from "./webhook-signature.ts";

const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_TIMEOUT_MS = 60_000;

/** Answers that say "another time": 408 Request Timeout, 425 Too Early, 429 Too Many Requests; and every 5xx. */
const PASSING = new Set([408, 425, 429]);

/** They say how the request is carried, which is not the sender's to say. Source: RFC 9110, 7.6.1; RFC 9112. */
const CARRYING =
  /^(?:host|content-length|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|proxy-.*)$/i;

const headerName = z
  .string()
  .regex(/^[!#$%&'*+\-.^_`|~\w]+$/)
  .refine((name) => !CARRYING.test(name), "is not the sender's to say");

const payload = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).describe("Where to POST."),
  body: z.unknown().describe("A string is sent as it is, anything else as JSON."),
  headers: z
    .record(headerName, z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/))
    .optional()
    .describe("Added to the request; Idempotency-Key, traceparent and the signature are the task's own."),
  timeout_ms: z.int().min(1).max(MAX_TIMEOUT_MS).default(DEFAULT_TIMEOUT_MS),
});
type Order = z.infer<typeof payload>;

/**
 * POSTs a body to a URL: 2xx is done; 408, 425, 429, 5xx, silence and network faults are tried again, as late as the receiver asks
 * by Retry-After; any other answer ends it.
 * Shape: result `{"status":204,"duration_ms":12}`.
 * Errors: `http-status`, `timed-out`, `network`; `address-private` for a host that is not public, beyond `webhook_reach`.
 * Redirects are not followed: a POST would become a GET, and lead who knows where.
 * Why: delivery is at-least-once, so each attempt carries `Idempotency-Key: <task id>`, by which the receiver knows a repeat.
 */
export const webhookDeliver = taskType({
  name: "webhook.deliver",
  description: "POSTs a body to a URL until it is accepted.",
  payload,
  timeLimitMs: MAX_TIMEOUT_MS + 5_000,
  handle(order, context) {
    const request = { method: "POST", url: order.url, shown: place(order.url) };
    return withClientSpan(context.span, request, (span) => deliver(order, context, span));
  },
});

async function deliver({ url, timeout_ms, ...request }: Order, context: TaskContext, span: Span): Promise<Attempt> {
  const start = performance.now();
  const limit = AbortSignal.timeout(timeout_ms);
  const { reach, resolve } = context.webhook;
  const body = typeof request.body === "string" ? request.body : JSON.stringify(request.body ?? null);
  try {
    const answer = await post({
      url: new URL(url),
      headers: headersFor(request, body, context, span),
      body,
      resolve,
      isAllowed: (address) => isWithin(reach, address),
      signal: AbortSignal.any([context.signal, limit]),
    });
    span.set({ "http.response.status_code": answer.status });
    return judge(answer, Math.round(performance.now() - start), url);
  } catch (error) {
    if (limit.aborted) return failure("timed-out", `POST ${place(url)}: no answer within ${timeout_ms} ms`);
    context.signal.throwIfAborted();
    const message = `POST ${place(url)}: ${error instanceof Error ? error.message : String(error)}`;
    if (error instanceof AddressRefused) return { ...failure("address-private", message), retry: false };
    return failure("network", message);
  }
}

function headersFor(
  request: Readonly<{ body: unknown; headers?: Readonly<Record<string, string>> | undefined }>,
  body: string,
  { task, webhook }: TaskContext,
  span: Span,
): Readonly<Record<string, string>> {
  const kind = typeof request.body === "string" ? "text/plain; charset=utf-8" : "application/json";
  const given = Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]);
  const traceparent = traceparentOf(span.trace);
  return {
    "content-type": kind,
    "user-agent": "supervisor-worker",
    ...Object.fromEntries(given),
    "idempotency-key": task.id,
    ...(traceparent !== null && { traceparent }),
    ...signatureHeaders(webhook.secrets, task.id, body, Date.now()),
  };
}

function judge({ status, headers }: Answer, duration_ms: number, url: string): Attempt {
  if (status >= 200 && status < 300) return { ok: true, result: { status, duration_ms } };
  const failed = failure("http-status", `POST ${place(url)}: answered ${status}`);
  if (status < 500 && !PASSING.has(status)) return { ...failed, retry: false };
  return { ...failed, retryAfterMs: retryAfterMs(headers, Date.now()) };
}

const failure = (code: string, message: string) => ({ ok: false, error: { code, message }, retry: true }) as const;

/** What may be told of a URL: a query or a user part may hold a secret. */
function place(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
