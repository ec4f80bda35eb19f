import { type Context, Hono } from "hono";
import type { z } from "zod";
import { type Change, type NewTask, type Queue, QueueFull, QueueUnavailable, type Task } from "../queue/queue.ts";
import type { Registry } from "../tasks/registry.ts";
import { enqueueBelow } from "./enqueue.ts";
import { fieldErrors, invalid } from "./invalid.ts";
import { createLastKnown, type Known, type LastKnown } from "./last-known.ts";
import { spanOf } from "./observed.ts";
import { type FieldError, problem, problemForNow } from "./problem.ts";
import { idempotencyKeySchema, listQuerySchema, newTaskSchema } from "./schema.ts";
import { taskView } from "./task-view.ts";

/** A guess: how long a full queue needs to have room again. */
const RETRY_AFTER_S = 1;
const JSON_TYPE = { "content-type": "application/json" };

type Read = Readonly<{ ok: true; task: NewTask } | { ok: false; errors: readonly FieldError[] }>;

/** `/tasks`, `/tasks/:id`, and the orders about one. */
export function taskRoutes({ queue, registry }: Readonly<{ queue: Queue; registry: Registry }>): Hono {
  const app = new Hono();
  const schema = newTaskSchema(registry);
  const lastKnown = createLastKnown();

  app.post("/tasks", async (c) => {
    const read = await readTask(c, schema, registry);
    if (!read.ok) return invalid(c, read.errors);
    try {
      const { task } = await enqueueBelow(spanOf(c), queue, read.task);
      seen(lastKnown, task);
      const status_url = `/tasks/${task.id}`;
      return c.json({ id: task.id, status_url }, 202, { location: status_url });
    } catch (error) {
      if (!(error instanceof QueueFull)) throw error;
      return problemForNow(c, "queue-full", "The queue holds as many waiting tasks as it may.", RETRY_AFTER_S);
    }
  });

  app.get("/tasks", async (c) => {
    const query = listQuerySchema.safeParse(c.req.query());
    if (!query.success) return invalid(c, fieldErrors(query.error));
    const { state, limit, after } = query.data;
    const tasks = await queue.list({ limit, ...(state && { state }), ...(after && { after }) });
    const last = tasks.at(-1);
    const more = new URLSearchParams({ ...(state && { state }), limit: String(limit), after: last?.id ?? "" });
    return c.json({ tasks: tasks.map(taskView), next: tasks.length === limit ? `/tasks?${more}` : null });
  });

  app.get("/tasks/:id", async (c) => {
    const id = c.req.param("id");
    const task = await queue.get(id).catch((error: unknown) => knownOr(error, lastKnown, id));
    if (task === null) {
      lastKnown.forget(id);
      return problem(c, "task-unknown", "There is no task of this id.");
    }
    if ("ageMs" in task) return c.body(task.text, 200, { ...JSON_TYPE, age: String(Math.floor(task.ageMs / 1000)) });
    return c.body(seen(lastKnown, task), 200, JSON_TYPE);
  });

  app.post("/tasks/:id/cancel", async (c) => changed(c, queue, await queue.cancel(c.req.param("id"))));
  app.post("/tasks/:id/retry", async (c) => changed(c, queue, await queue.retry(c.req.param("id"))));
  app.delete("/tasks/:id", async (c) => {
    const change = await queue.discard(c.req.param("id"));
    return change === "changed" ? c.body(null, 204) : changed(c, queue, change);
  });

  return app;
}

/** Gives what is answered about a task, and remembers it. */
function seen(lastKnown: LastKnown, task: Task): string {
  const text = JSON.stringify(taskView(task));
  lastKnown.see(task.id, text);
  return text;
}

/** While the store is away: what was last known. Errors: throws what was caught, when nothing is. */
function knownOr(error: unknown, lastKnown: LastKnown, id: string): Known {
  const known = error instanceof QueueUnavailable ? lastKnown.of(id) : null;
  if (known) return known;
  throw error;
}

/** Answers with the task as it is now. */
async function changed(c: Context, queue: Queue, change: Change): Promise<Response> {
  const task = change === "unknown" ? null : await queue.get(c.req.param("id") ?? "");
  if (!task) return problem(c, "task-unknown", "There is no task of this id.");
  if (change === "changed") return c.json(taskView(task));
  return problem(c, "task-state", `The task is ${task.state}; docs/queue-and-tasks.md tells what can be done to it.`);
}

async function readTask(c: Context, schema: ReturnType<typeof newTaskSchema>, registry: Registry): Promise<Read> {
  const key = c.req.header("idempotency-key");
  const keyRead = key === undefined ? null : idempotencyKeySchema.safeParse(key);
  const body = schema.safeParse(parseJson(await c.req.text()));
  const payload = body.success ? registry.get(body.data.type)?.payload.safeParse(body.data.payload) : null;
  const errors = [
    ...(keyRead?.success === false ? [{ field: "Idempotency-Key", message: messageOf(keyRead.error) }] : []),
    ...(body.success ? [] : fieldErrors(body.error)),
    ...(payload?.success === false ? fieldErrors(payload.error, "payload") : []),
  ];
  if (errors.length > 0 || !body.success) return { ok: false, errors };
  return { ok: true, task: newTask(body.data, keyRead?.data) };
}

function newTask(body: z.infer<ReturnType<typeof newTaskSchema>>, idempotencyKey: string | undefined): NewTask {
  return {
    type: body.type,
    payload: body.payload,
    ...(body.priority !== undefined && { priority: body.priority }),
    ...(body.delay_ms !== undefined && { delayMs: body.delay_ms }),
    ...(body.max_attempts !== undefined && { maxAttempts: body.max_attempts }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  };
}

/** No JSON is not an object either: the schema says so of `undefined`. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const messageOf = (error: z.ZodError) => error.issues[0]?.message ?? "is not valid";
