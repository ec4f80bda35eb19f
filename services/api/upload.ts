import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { invalid } from "./invalid.ts";
import { problem } from "./problem.ts";

/**
 * Takes the body of a request, up to a limit, before the request goes on. `arrived` is told of each that has come whole.
 * Errors: none of a client that leaves in the middle; its answer is for the metrics alone.
 */
export function upload(limitBytes: number, arrived: (request: Request) => void): MiddlewareHandler {
  const onError = (c: Context) => problem(c, "body-too-large", `The body is larger than ${limitBytes} bytes.`);
  const limited = bodyLimit({ maxSize: limitBytes, onError });
  return async (c, next) => {
    const request = c.req.raw;
    if (request.method === "GET" || request.method === "HEAD") return next();
    c.set("isUploading", true);
    const whole = async (): Promise<void> => {
      // Kept by the context: whoever asks for it then has it at once.
      await c.req.text();
      c.set("isUploading", false);
      arrived(request);
      await next();
    };
    try {
      return await limited(c, whole);
    } catch (error) {
      if (!c.get("isUploading")) throw error;
      return invalid(c, [{ field: "body", message: "did not come whole" }]);
    }
  };
}
