import { z } from "zod";
import { type Attempt, type TaskContext, taskType } from "./task-type.ts";

const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_TIMEOUT_MS = 60_000;

/** Answers that say "another time": 408 Request Timeout, 425 Too Early, 429 Too Many Requests; and every 5xx. */
const PASSING = new Set([408, 425, 429]);

const payload = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).describe("Where to POST."),
  body: z.unknown().describe("A string is sent as it is, anything else as JSON."),
  headers: z
    .record(z.string().regex(/^[!#$%&'*+\-.^_`|~\w]+$/), z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/))
    .optional()
    .describe("Added to the request; Idempotency-Key and traceparent are the task's own."),
  timeout_ms: z.int().min(1).max(MAX_TIMEOUT_MS).default(DEFAULT_TIMEOUT_MS),
});

/**
 * POSTs a body to a URL: 2xx is done; 408, 425, 429, 5xx, silence and network faults are tried again; any other answer ends it.
 * Shape: result `{"status":204,"duration_ms":12}`.
 * Errors: `http-status`, `timed-out`, `network`. Redirects are not followed: a POST would become a GET.
 * Why: delivery is at-least-once, so each attempt carries `Idempotency-Key: <task id>`, by which the receiver knows a repeat.
 */
export const webhookDeliver = taskType({
  name: "webhook.deliver",
  description: "POSTs a body to a URL until it is accepted.",
  payload,
  timeLimitMs: MAX_TIMEOUT_MS + 5_000,
  async handle({ url, timeout_ms, ...request }, context) {
    const start = performance.now();
    const limit = AbortSignal.timeout(timeout_ms);
    try {
      const response = await context.fetch(url, {
        method: "POST",
        redirect: "manual",
        body: typeof request.body === "string" ? request.body : JSON.stringify(request.body ?? null),
        headers: headersFor(request, context),
        signal: AbortSignal.any([context.signal, limit]),
      });
      await response.body?.cancel();
      return judge(response.status, Math.round(performance.now() - start), url);
    } catch (error) {
      if (limit.aborted) return again("timed-out", `POST ${place(url)}: no answer within ${timeout_ms} ms`);
      context.signal.throwIfAborted();
      return again("network", `POST ${place(url)}: ${error instanceof Error ? error.message : String(error)}`);
    }
  },
});

function headersFor(
  request: Readonly<{ body: unknown; headers?: Readonly<Record<string, string>> | undefined }>,
  { task }: TaskContext,
): Headers {
  const headers = new Headers(request.headers);
  const kind = typeof request.body === "string" ? "text/plain; charset=utf-8" : "application/json";
  if (!headers.has("content-type")) headers.set("content-type", kind);
  headers.set("idempotency-key", task.id);
  if (task.traceparent !== null) headers.set("traceparent", task.traceparent);
  return headers;
}

function judge(status: number, duration_ms: number, url: string): Attempt {
  if (status >= 200 && status < 300) return { ok: true, result: { status, duration_ms } };
  const error = { code: "http-status", message: `POST ${place(url)}: answered ${status}` };
  return { ok: false, error, retry: status >= 500 || PASSING.has(status) };
}

const again = (code: string, message: string): Attempt => ({ ok: false, error: { code, message }, retry: true });

/** What may be told of a URL: a query or a user part may hold a secret. */
function place(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
