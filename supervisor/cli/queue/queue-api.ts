import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Place } from "./serving.ts";

/** What the API of a queue answers. `code` is its problem's, or null where nobody answered as it does. */
export type Answer<T> = Readonly<
  { ok: true; value: T } | { ok: false; code: string | null; message: string; isLate: boolean }
>;

/** The API of the bundled services, as far as it is about the queue. Source: docs/queue-and-tasks.md, its `/openapi.json`. */
export interface QueueApi {
  ask<T>(method: "GET" | "POST" | "DELETE", path: string): Promise<Answer<T>>;
}

/**
 * Makes the client of an API. One that says when to come again (429, 503) is asked again then.
 * Errors: none; each question has `limitMs` in all.
 */
export function createQueueApi(place: Place, limitMs: number): QueueApi {
  return {
    async ask(method, path) {
      const endMs = performance.now() + limitMs;
      for (;;) {
        const answer = await once(place, method, path, endMs - performance.now());
        if (answer.status < 300) return { ok: true, value: answer.body as never };
        const pauseMs = answer.retryAfterMs;
        if (pauseMs === null || performance.now() + pauseMs > endMs) return refusal(answer);
        await sleep(pauseMs);
      }
    },
  };
}

/** `status` 0: there was no answer; `body` then says why. */
type Raw = Readonly<{ status: number; body: unknown; retryAfterMs: number | null; isLate: boolean }>;

function once(place: Place, method: string, path: string, leftMs: number): Promise<Raw> {
  return new Promise((resolve) => {
    const fail = (why: string, isLate = false): void => resolve({ status: 0, body: why, retryAfterMs: null, isLate });
    const signal = AbortSignal.timeout(Math.max(1, Math.ceil(leftMs)));
    const asked = request({ ...place, method, path, agent: false, signal }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("error", ({ message }) => fail(message, signal.aborted));
      response.on("end", () => {
        const seconds = Number(response.headers["retry-after"]);
        const retryAfterMs = seconds > 0 ? seconds * 1000 : null;
        resolve({ status: response.statusCode ?? 0, body: parsed(text), retryAfterMs, isLate: false });
      });
    });
    asked.on("error", ({ message }) => fail(signal.aborted ? "no answer in time" : message, signal.aborted));
    asked.end();
  });
}

/** Nothing, or no JSON, is null. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function refusal({ status, body, isLate }: Raw): Answer<never> {
  if (status === 0) return { ok: false, code: null, message: String(body), isLate };
  const { code, detail, errors } = (body ?? {}) as Readonly<Record<string, unknown>>;
  const [first] = Array.isArray(errors) ? errors : [];
  const message = first ? `${first.field}: ${first.message}` : detail;
  if (typeof message === "string") return { ok: false, code: typeof code === "string" ? code : null, message, isLate };
  return { ok: false, code: null, message: `answers ${status}: it is no API of the bundled services`, isLate };
}
