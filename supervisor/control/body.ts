import { type Fault, fail, type Outcome, ok } from "../unit/fault.ts";
import { z } from "../unit/schema/zod.ts";

/**
 * Reads a request's JSON body against a schema; no body counts as `{}`.
 * Errors: request-invalid, one fault for each field that is wrong.
 */
export async function readBody<T>(request: Request, schema: z.ZodType<T>): Promise<Outcome<T>> {
  const text = await request.text();
  const json = text.trim() === "" ? ok({}) : parseJson(text);
  if (!json.ok) return json;
  const read = schema.safeParse(json.value);
  if (read.success) return ok(read.data);
  const [first, ...rest] = read.error.issues.map(toFault);
  return fail(first ?? invalid(z.prettifyError(read.error)), ...rest);
}

function parseJson(text: string): Outcome<unknown> {
  try {
    return ok(JSON.parse(text));
  } catch {
    // The parser's own words differ from runtime to runtime and may quote the body.
    return fail(invalid("body: is not JSON"));
  }
}

function toFault(issue: z.core.$ZodIssue): Fault {
  return invalid(`${["body", ...issue.path].join(".")}: ${issue.message}`);
}

function invalid(message: string): Fault {
  return { code: "request-invalid", message, retry: "never" };
}
