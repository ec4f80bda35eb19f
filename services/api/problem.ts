import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";

/** What can be wrong with a request, the status that says so, and what is meant. The codes are API. */
export const PROBLEMS = {
  "request-invalid": { status: 400, means: "Something in the request is wrong: `errors` names the fields." },
  "task-unknown": { status: 404, means: "There is no task of this id." },
  "route-unknown": { status: 404, means: "There is nothing at this path, or not for this method." },
  "upload-timed-out": { status: 408, means: "The request had not come whole when its time was over." },
  "task-state": { status: 409, means: "The task is in no state for that." },
  "body-too-large": { status: 413, means: "The body is too large." },
  "too-many-requests": { status: 429, means: "This client asks more often than it may." },
  internal: { status: 500, means: "The service is at fault; its log knows more." },
  "queue-full": { status: 503, means: "As many tasks wait as may." },
  "queue-unavailable": { status: 503, means: "The queue's store cannot be reached, or cannot do it now." },
  overloaded: { status: 503, means: "More requests are in hand than can be answered soon. It has no `request_id`." },
  "timed-out": { status: 503, means: "There was no answer in time. Whether it will be done is not known." },
  "too-many-streams": { status: 503, means: "As many event streams are open as may be." },
} as const satisfies Record<string, Readonly<{ status: ContentfulStatusCode; means: string }>>;

export type ProblemCode = keyof typeof PROBLEMS;

export const PROBLEM_TYPE = "application/problem+json";

/** Where in the request, and what is wrong there. Shape: `{ field: "payload.group_by", message: "…" }`. */
export type FieldError = Readonly<{ field: string; message: string }>;

/**
 * Answers with application/problem+json.
 * Shape: `{"type":"about:blank","title":"Bad Request","status":400,"code":"request-invalid","detail":"…","errors":[{"field":"type","message":"…"}]}`.
 * Source: RFC 9457.
 */
export function problem(c: Context, code: ProblemCode, detail: string, errors?: readonly FieldError[]): Response {
  const request_id: string | undefined = c.get("requestId");
  c.set("problem", code);
  const text = problemText(code, detail, { ...(request_id && { request_id }), ...(errors && { errors }) });
  return c.body(text, PROBLEMS[code].status, { "content-type": PROBLEM_TYPE });
}

/** The same where another try may succeed, after so many seconds. */
export function problemForNow(c: Context, code: ProblemCode, detail: string, retryAfterSec: number): Response {
  c.header("retry-after", String(retryAfterSec));
  return problem(c, code, detail);
}

/** Says with which problem a request was answered, if with one. */
export const problemOf = (c: Context): ProblemCode | undefined => c.get("problem");

/** The text of a problem, for an answer that is made where there is no context. */
export function problemText(code: ProblemCode, detail: string, more: Readonly<Record<string, unknown>> = {}): string {
  const { status } = PROBLEMS[code];
  return JSON.stringify({ type: "about:blank", title: TITLE[status], status, code, detail, ...more });
}

const TITLE = {
  400: "Bad Request",
  404: "Not Found",
  408: "Request Timeout",
  409: "Conflict",
  413: "Content Too Large",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
} as const satisfies Record<(typeof PROBLEMS)[ProblemCode]["status"], string>;
