import { STATUS_CODES } from "node:http";
import type { Fault, FaultCode } from "../unit/fault.ts";

/**
 * What every refused request answers, as application/problem+json. The fault's code is the API; the sentence may change.
 * `internal` stands for a bug of ours, which no fault describes.
 * Source: RFC 9457.
 */
export type Problem = Readonly<{
  type: "about:blank";
  title: string;
  status: number;
  detail: string;
  code: FaultCode | "internal";
  retry: Fault["retry"];
  faults: readonly Fault[];
}>;

const statusByCode: Readonly<Record<FaultCode, number>> = {
  "unit-invalid": 422,
  "unit-unknown": 404,
  "unit-required": 409,
  "dependency-cycle": 422,
  "placeholder-missing": 422,
  "listener-busy": 409,
  "listener-failed": 500,
  "spawn-failed": 500,
  "credential-failed": 500,
  "handover-kept-old": 409,
  "start-failed": 500,
  "timed-out": 504,
  "request-invalid": 400,
  "shutting-down": 503,
  "release-unknown": 404,
  "release-bad": 409,
  "release-busy": 409,
  "not-supported": 501,
};

/** Answers with the first fault's code and with all faults. `status` overrides the table for what HTTP itself refuses (401, 404, 413). */
export function problem(faults: readonly [Fault, ...Fault[]], status = statusByCode[faults[0].code]): Response {
  const { code, message, retry } = faults[0];
  const headers: Record<string, string> = {};
  if (status === 401) headers["www-authenticate"] = "Bearer";
  if (status === 503) headers["retry-after"] = "1";
  return respond({ ...frame(status), detail: message, code, retry, faults }, headers);
}

/** Answers for a bug of ours: never a stack, never a cause. */
export function internalProblem(): Response {
  const detail = "a fault of the supervisor itself; its journal tells more";
  return respond({ ...frame(500), detail, code: "internal", retry: "later", faults: [] }, {});
}

function frame(status: number): Pick<Problem, "type" | "title" | "status"> {
  return { type: "about:blank", title: STATUS_CODES[status] ?? "Error", status };
}

function respond(body: Problem, headers: Record<string, string>): Response {
  return new Response(JSON.stringify(body), {
    status: body.status,
    headers: { ...headers, "content-type": "application/problem+json" },
  });
}
