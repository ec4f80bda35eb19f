import { z } from "zod";
import { PROBLEM_TYPE, PROBLEMS, type ProblemCode } from "./problem.ts";

type Json = Readonly<Record<string, unknown>>;

/** A schema as JSON Schema 2020-12, which is that of OpenAPI 3.1. */
export function jsonSchema(schema: z.ZodType): Json {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return rest;
}

/** Schemas by name, each of which refers to the others. Shape: `{ Task: {…}, TaskList: { … { $ref: "#/components/schemas/Task" } } }`. */
export function schemasOf(schemas: Readonly<Record<string, z.ZodType>>): Readonly<Record<string, Json>> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, { io: "input", uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(Object.entries(made.schemas).map(([id, { $schema, $id, ...schema }]) => [id, schema]));
}

export const contentOf = (type: string, schema: Json) => ({ content: { [type]: { schema } } });

export function parameter(place: "header" | "query" | "path", name: string, schema: z.ZodType) {
  const { description, ...rest } = jsonSchema(schema);
  return { in: place, name, ...(description !== undefined && { description }), schema: rest };
}

/** The responses by status that say these codes. */
export function refusals(...codes: readonly ProblemCode[]): Readonly<Record<number, ReturnType<typeof refusal>>> {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codes) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries([...byStatus].map(([status, all]) => [status, refusal(status, all)]));
}

/** Those after which another try may succeed. */
const PASSING = [429, 503];

/** One response that says these codes, which share its status. */
export function refusal(status: number, codes: readonly ProblemCode[]) {
  const schema = {
    allOf: [{ $ref: "#/components/schemas/Problem" }, { type: "object", properties: { code: { enum: codes } } }],
  };
  const headers = {
    "X-Request-Id": { $ref: "#/components/headers/RequestId" },
    ...(PASSING.includes(status) && { "Retry-After": { $ref: "#/components/headers/RetryAfter" } }),
  };
  const description = codes.map((code) => `\`${code}\`: ${PROBLEMS[code].means}`).join("\n");
  return { description, headers, ...contentOf(PROBLEM_TYPE, schema) };
}
