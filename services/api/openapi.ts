import type { z } from "zod";
import type { Registry } from "../tasks/registry.ts";
import { contentOf, jsonSchema, parameter, refusal, refusals, schemasOf } from "./openapi-parts.ts";
import type { ProblemCode } from "./problem.ts";
import {
  acceptedSchema,
  healthSchema,
  idempotencyKeySchema,
  infoSchema,
  listQuerySchema,
  newTaskSchema,
  pauseQuerySchema,
  problemSchema,
  queueSchema,
  readinessSchema,
  resumeQuerySchema,
  taskIdSchema,
  taskListSchema,
  taskSchema,
  traceparentSchema,
} from "./schema.ts";

type Json = Readonly<Record<string, unknown>>;

/** What may become of every request for tasks. */
const TASKS: readonly ProblemCode[] = ["too-many-requests", "internal", "queue-unavailable", "overloaded", "timed-out"];
/** … of every one that is about the queue as a whole, … */
const QUEUE: readonly ProblemCode[] = ["internal", "queue-unavailable", "timed-out"];
/** … and of every one that may have a body. */
const WITH_BODY: readonly ProblemCode[] = ["upload-timed-out", "body-too-large"];

const schemas = {
  Task: taskSchema,
  TaskList: taskListSchema,
  Accepted: acceptedSchema,
  Queue: queueSchema,
  Health: healthSchema,
  Readiness: readinessSchema,
  Info: infoSchema,
  Problem: problemSchema,
} as const;

const json = (name: keyof typeof schemas, headers: Json = {}) => ({
  headers: { ...REQUEST_ID, ...headers },
  ...contentOf("application/json", { $ref: `#/components/schemas/${name}` }),
});

const AGE = {
  description: "Seconds since the task was so, while the store is away; else there is none.",
  required: false,
  schema: { type: "integer", minimum: 0 },
};
const REQUEST_ID = { "X-Request-Id": { $ref: "#/components/headers/RequestId" } };

/** Describes the API from the very schemas that check it. Source: OpenAPI 3.1. */
export function openapiDocument(registry: Registry, version: string) {
  return {
    openapi: "3.1.0",
    info: { title: "Tasks", version, description: "Takes tasks, has workers do them, tells how they fare." },
    tags: [{ name: "tasks" }, { name: "queue" }, { name: "service", description: "Never refused under load." }],
    paths: { ...taskPaths(registry), ...queuePaths(registry), ...servicePaths() },
    components: {
      schemas: schemasOf(schemas),
      headers: {
        RequestId: { description: "The request's own, or one that it was given.", schema: { type: "string" } },
        RetryAfter: { description: "Seconds until another try may succeed.", schema: { type: "integer", minimum: 1 } },
      },
    },
  };
}

function taskPaths(registry: Registry) {
  const operation = operationIn("tasks");
  const listParameters = Object.entries(listQuerySchema.shape).map(([name, schema]) =>
    parameter("query", name, schema),
  );
  const taskAsKnown = { description: "The task.", ...json("Task", { Age: AGE }) };
  return {
    "/tasks": {
      post: operation("createTask", "Has a task done.", {
        parameters: [
          parameter("header", "Idempotency-Key", idempotencyKeySchema),
          parameter("header", "traceparent", traceparentSchema),
        ],
        requestBody: { required: true, ...contentOf("application/json", submission(registry)) },
        responses: {
          202: { description: "The task is stored.", ...json("Accepted", { Location: LOCATION }) },
          ...refusals("request-invalid", ...WITH_BODY, ...TASKS, "queue-full"),
        },
      }),
      get: operation("listTasks", "Tasks, oldest first, page by page.", {
        parameters: listParameters,
        responses: { 200: { description: "A page.", ...json("TaskList") }, ...refusals("request-invalid", ...TASKS) },
      }),
    },
    "/tasks/{id}": {
      get: operation("getTask", "A task as it is.", {
        parameters: [taskId],
        responses: { 200: taskAsKnown, ...refusals("task-unknown", ...TASKS) },
      }),
      delete: operation("discardTask", "Forgets a task that has ended, and its idempotency key.", {
        parameters: [taskId],
        responses: { 204: { description: "It is forgotten.", headers: REQUEST_ID }, ...refusedOrders },
      }),
    },
    "/tasks/{id}/events": { get: operation("watchTask", "A task from now to its end.", events()) },
    "/tasks/{id}/cancel": {
      post: operation("cancelTask", "Takes a task out of the queue; a worker that has it is told to stop.", changed()),
    },
    "/tasks/{id}/retry": {
      post: operation("retryTask", "Queues a task anew that is dead or was cancelled.", changed()),
    },
  };
}

function queuePaths(registry: Registry) {
  const operation = operationIn("queue");
  const asItIs = { description: "The queue as it is now.", ...json("Queue") };
  const order = (schema: z.ZodObject) => ({
    parameters: Object.entries(schema.shape).map(([name, type]) => parameter("query", name, type)),
    responses: { 200: asItIs, ...refusals("request-invalid", ...WITH_BODY, ...QUEUE) },
  });
  return {
    "/queue": {
      get: operation("getQueue", "How many tasks there are, and what is paused.", {
        responses: { 200: asItIs, ...refusals(...QUEUE) },
      }),
    },
    "/queue/pause": {
      post: operation(
        "pauseQueue",
        "No worker begins tasks of a type any more, or any; what runs goes on.",
        order(pauseQuerySchema(registry)),
      ),
    },
    "/queue/resume": { post: operation("resumeQueue", "Takes that back.", order(resumeQuerySchema)) },
  };
}

function servicePaths() {
  const operation = operationIn("service");
  const answers = (name: keyof typeof schemas, description: string) => ({ 200: { description, ...json(name) } });
  const text = (type: string, description: string) => ({
    200: { description, headers: REQUEST_ID, ...contentOf(type, { type: "string" }) },
  });
  return {
    "/healthz": {
      get: operation("getHealth", "Whether the process answers at all.", { responses: answers("Health", "It does.") }),
    },
    "/readyz": {
      get: operation("getReadiness", "Whether it has what it needs.", {
        responses: { ...answers("Readiness", "Ready."), 503: notReady() },
      }),
    },
    "/metrics": {
      get: operation("getMetrics", "Counts, as OpenMetrics.", {
        responses: { ...text("application/openmetrics-text", "The figures."), ...refusals("timed-out") },
      }),
    },
    "/info": {
      get: operation("getInfo", "Which build this is, and how it runs.", { responses: answers("Info", "This one.") }),
    },
    "/openapi.json": {
      get: operation("getOpenapi", "This document.", {
        responses: {
          200: { description: "It.", headers: REQUEST_ID, ...contentOf("application/json", { type: "object" }) },
        },
      }),
    },
    "/docs": { get: operation("readOpenapi", "This document, to read.", { responses: text("text/html", "A page.") }) },
  };
}

function notReady() {
  const { content: said, ...rest } = json("Readiness");
  const { content: late } = refusal(503, ["timed-out"]);
  return { description: "Not ready, or no answer in time.", ...rest, content: { ...said, ...late } };
}

/** An operation under a tag. */
const operationIn = (tag: string) => (operationId: string, summary: string, rest: Json) => ({
  tags: [tag],
  operationId,
  summary,
  ...rest,
});

const taskId = { ...parameter("path", "id", taskIdSchema), required: true };
const LOCATION = { description: "Where to ask for it.", schema: { type: "string" } };
const refusedOrders = refusals("task-unknown", "task-state", ...WITH_BODY, ...TASKS);

const changed = () => ({
  parameters: [taskId],
  responses: { 200: { description: "The task as it is now.", ...json("Task") }, ...refusedOrders },
});

function events() {
  const description =
    "Server-sent events, `event: task`; the `data` of each is the whole task: first as it is, then after each change. It ends after a final state.";
  return {
    parameters: [
      taskId,
      {
        in: "header",
        name: "Last-Event-ID",
        description: "What the last event of an end had.",
        schema: { type: "string" },
      },
    ],
    responses: {
      200: { description, headers: REQUEST_ID, ...contentOf("text/event-stream", { type: "string" }) },
      204: { description: "There is no more than that Last-Event-ID: an EventSource stops here.", headers: REQUEST_ID },
      ...refusals("task-unknown", ...TASKS, "too-many-streams"),
    },
  };
}

/** One alternative per task type, each with the schema of its payload. */
function submission(registry: Registry) {
  const { properties, ...whole } = jsonSchema(newTaskSchema(registry));
  const anyOf = [...registry.values()].map(({ name, description, payload }) => ({
    ...whole,
    title: name,
    description,
    required: ["type", "payload"],
    properties: { ...(properties as Json), type: { const: name }, payload: jsonSchema(payload) },
  }));
  return { anyOf };
}
