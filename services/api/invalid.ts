import type { Context } from "hono";
import type { z } from "zod";
import { type FieldError, problem } from "./problem.ts";

/** Refuses a request, naming what is wrong with it field by field. */
export function invalid(c: Context, errors: readonly FieldError[]): Response {
  const detail = errors.map(({ field, message }) => `${field}: ${message}`).join("; ");
  return problem(c, "request-invalid", detail, errors);
}

/** Names the fields of what a schema refused. `below`: where the value stands that was checked. */
export function fieldErrors(error: z.ZodError, below?: string): readonly FieldError[] {
  return error.issues.flatMap((issue) => {
    const path = below === undefined ? issue.path : [below, ...issue.path];
    const fields = issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...path, key]) : [path];
    const message = issue.code === "unrecognized_keys" ? "is not known" : issue.message;
    return fields.map((field) => ({ field: field.join(".") || "body", message }));
  });
}
