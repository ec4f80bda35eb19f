import type { MiddlewareHandler } from "hono";
import { problem, problemForNow } from "./problem.ts";

/** Another try may find the queue free again. */
const RETRY_AFTER_S = 1;

/**
 * Answers for a handler that takes longer than `limitMs`: 408 while the request itself has not come whole, else 503. A stream has its answer once it begins.
 * Why the handler is not stopped: what it gave to the queue cannot be taken back, and its end is awaited by nobody.
 */
export function timeLimit(limitMs: number): MiddlewareHandler {
  return async (c, next) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<true>((resolve) => {
      timer = setTimeout(resolve, limitMs, true);
    });
    const isLate = await Promise.race([next().then(() => false), late]);
    clearTimeout(timer);
    if (!isLate) return;
    if (c.get("isUploading")) {
      c.header("connection", "close");
      return problem(c, "upload-timed-out", `The request had not come whole after ${limitMs} ms.`);
    }
    const detail = `There was no answer within ${limitMs} ms; whether it will be done is not known.`;
    return problemForNow(c, "timed-out", detail, RETRY_AFTER_S);
  };
}
