import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";

/** What can be wrong with a request, and the status that says so. The codes are API. */
const STATUS = {
  "request-invalid": 400,
  "task-unknown": 404,
  "task-state": 409,
  "route-unknown": 404,
  "body-too-large": 413,
  "too-many-requests": 429,
  internal: 500,
  "queue-full": 503,
} as const satisfies Record<string, ContentfulStatusCode>;

export type ProblemCode = keyof typeof STATUS;

/** Where in the request, and what is wrong there. Shape: `{ field: "payload.group_by", message: "…" }`. */
export type FieldError = Readonly<{ field: string; message: string }>;

/**
 * Answers with application/problem+json.
 * Shape: `{"type":"about:blank","title":"Bad Request","status":400,"code":"request-invalid","detail":"…","errors":[{"field":"type","message":"…"}]}`.
 * Source: RFC 9457.
 */
export function problem(c: Context, code: ProblemCode, detail: string, errors?: readonly FieldError[]): Response {
  const status = STATUS[code];
  const request_id: string | undefined = c.get("requestId");
  const said = { type: "about:blank", title: TITLE[status], status, code, detail };
  const body = { ...said, ...(request_id && { request_id }), ...(errors && { errors }) };
  return c.body(JSON.stringify(body), status, { "content-type": "application/problem+json" });
}

const TITLE = {
  400: "Bad Request",
  404: "Not Found",
  409: "Conflict",
  413: "Content Too Large",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
} as const satisfies Record<(typeof STATUS)[ProblemCode], string>;
