import { z } from "zod";
import type { Registry } from "../tasks/registry.ts";
import {
  acceptedSchema,
  idempotencyKeySchema,
  listQuerySchema,
  newTaskSchema,
  problemSchema,
  taskListSchema,
  taskSchema,
} from "./schema.ts";

/** Describes the API from the very schemas that check it. Source: OpenAPI 3.1. */
export function openapiDocument(registry: Registry, version: string) {
  const refused = { description: "What is wrong, field by field.", ...content(problemSchema, PROBLEM) };
  const tooLarge = { description: "The body is too large.", ...content(problemSchema, PROBLEM) };
  return {
    openapi: "3.1.0",
    info: { title: "Tasks", version },
    paths: {
      "/tasks": {
        post: {
          operationId: "createTask",
          parameters: [parameter("header", "Idempotency-Key", idempotencyKeySchema)],
          requestBody: { required: true, content: { "application/json": { schema: submission(registry) } } },
          responses: {
            202: { description: "The task is on the disk.", ...content(acceptedSchema) },
            400: refused,
            413: tooLarge,
            429: {
              description: "This client asks too often.",
              headers: RETRY_AFTER,
              ...content(problemSchema, PROBLEM),
            },
            503: { description: "The queue is full.", headers: RETRY_AFTER, ...content(problemSchema, PROBLEM) },
          },
        },
        get: {
          operationId: "listTasks",
          parameters: Object.entries(listQuerySchema.shape).map(([name, schema]) => parameter("query", name, schema)),
          responses: { 200: { description: "A page, oldest first.", ...content(taskListSchema) }, 400: refused },
        },
      },
      "/tasks/{id}": {
        get: {
          operationId: "getTask",
          parameters: [taskId()],
          responses: { 200: { description: "The task.", ...content(taskSchema) }, 404: missing() },
        },
        delete: {
          operationId: "discardTask",
          parameters: [taskId()],
          responses: {
            204: { description: "The task, which has ended, is forgotten." },
            404: missing(),
            409: conflict(),
          },
        },
      },
      "/tasks/{id}/cancel": order("cancelTask", "The task will not be done; a worker that has it is told to stop."),
      "/tasks/{id}/retry": order("retryTask", "The task, which was dead or cancelled, is queued anew."),
      "/healthz": plain("Whether the process answers at all."),
      "/readyz": { get: { responses: { 200: { description: "Ready." }, 503: { description: "Not ready." } } } },
      "/metrics": plain("Counts, as OpenMetrics."),
      "/info": plain("Version, commit, build time and runtime."),
    },
  };
}

/** An order about one task. */
const order = (operationId: string, description: string) => ({
  post: {
    operationId,
    parameters: [taskId()],
    responses: { 200: { description, ...content(taskSchema) }, 404: missing(), 409: conflict() },
  },
});

const taskId = () => ({ ...parameter("path", "id", z.string()), required: true });
const missing = () => ({ description: "There is no such task.", ...content(problemSchema, PROBLEM) });
const conflict = () => ({ description: "The task is in no state for that.", ...content(problemSchema, PROBLEM) });

const PROBLEM = "application/problem+json";
const RETRY_AFTER = { "Retry-After": { description: "Seconds.", schema: { type: "integer" } } };

/** One alternative per task type, each with the schema of its payload. */
function submission(registry: Registry) {
  const { properties, ...whole } = jsonSchema(newTaskSchema(registry));
  const anyOf = [...registry.values()].map(({ name, description, payload }) => ({
    ...whole,
    description,
    required: ["type", "payload"],
    properties: { ...properties, type: { const: name }, payload: jsonSchema(payload) },
  }));
  return { anyOf };
}

function jsonSchema(schema: z.ZodType) {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return rest;
}

const content = (schema: z.ZodType, type = "application/json") => ({
  content: { [type]: { schema: jsonSchema(schema) } },
});

const parameter = (place: "header" | "query" | "path", name: string, schema: z.ZodType) => ({
  in: place,
  name,
  schema: jsonSchema(schema),
});

const plain = (description: string) => ({ get: { responses: { 200: { description } } } });
