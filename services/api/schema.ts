import { z } from "zod";
import { TASK_STATES } from "../queue/queue.ts";
import type { Registry } from "../tasks/registry.ts";

/** Thirty days: what is due later belongs in a calendar, not in a queue. */
const MAX_DELAY_MS = 30 * 24 * 3_600_000;

/** The body of `POST /tasks`, less the payload, whose schema goes by the type. */
export function newTaskSchema(registry: Registry) {
  return z.strictObject({
    type: z.enum([...registry.keys()]).describe("What to do."),
    payload: z.unknown().describe("What to do it with; its shape goes by the type."),
    priority: z.int().min(-100).max(100).optional().describe("Higher first; default 0."),
    delay_ms: z.int().min(0).max(MAX_DELAY_MS).optional().describe("How long to wait before the first attempt."),
    max_attempts: z.int().min(1).max(100).optional().describe("After so many failed attempts the task is dead."),
  });
}

/** The query of `GET /tasks`. */
export const listQuerySchema = z.strictObject({
  state: z.enum(TASK_STATES).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  after: z.string().min(1).optional().describe("The id of the last task seen."),
});

/** The query of `POST /queue/pause`: a type that nobody knows is a slip. */
export const pauseQuerySchema = (registry: Registry) =>
  z.strictObject({
    type: z
      .enum([...registry.keys()])
      .optional()
      .describe("Left out: every type."),
  });

/** The query of `POST /queue/resume`: what was paused may have been a type of another version. */
export const resumeQuerySchema = z.strictObject({
  type: z.string().min(1).optional().describe("Left out: all types, but for those that were paused by their name."),
});

/** A key that one request may be repeated under. Source: draft-ietf-httpapi-idempotency-key-header; printable ASCII, at most 255. */
export const idempotencyKeySchema = z
  .string()
  .regex(/^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/, { message: "must be 1 to 255 printable ASCII characters" })
  .describe("Names the task: the same key again gives back the first.");

/** Source: W3C Trace Context, level 1. What does not look like one is left out, as it says. */
export const traceparentSchema = z.string().describe("W3C Trace Context: goes with the task to its worker.");

export const taskIdSchema = z.string().describe("As `POST /tasks` gave it.");

export const taskSchema = z.object({
  id: z.string(),
  type: z.string(),
  state: z.enum(TASK_STATES).describe("failed: will be retried; dead: will not."),
  attempts: z.int(),
  max_attempts: z.int(),
  priority: z.int(),
  created_at: z.iso.datetime(),
  started_at: z.iso.datetime().nullable(),
  finished_at: z.iso.datetime().nullable(),
  progress: z.unknown().describe("What its handler said last of how far it has come."),
  result: z.unknown(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});

export const acceptedSchema = z.object({ id: z.string(), status_url: z.string() });

export const taskListSchema = z.object({
  tasks: z.array(taskSchema),
  next: z.string().nullable().describe("The URL of the next page."),
});

export const queueSchema = z.object({
  tasks: z.object(Object.fromEntries(TASK_STATES.map((state) => [state, z.int()]))).describe("How many, by state."),
  oldest_queued_ms: z.number().nullable().describe("The age of the oldest task that was never tried."),
  paused: z.array(z.string()).describe("Types that no worker takes; `*` stands for all."),
});

export const healthSchema = z.object({ status: z.literal("ok") });

export const readinessSchema = z.object({
  status: z.enum(["ready", "not ready", "starting", "draining"]),
  checks: z.record(z.string(), z.string()).describe("`ok`, with a word where there is one, or what is wrong."),
});

export const infoSchema = z.object({
  version: z.string(),
  commit: z.string().nullable(),
  built_at: z.string().nullable(),
  runtime: z.string().describe("bun 1.4.5, deno 2.9.6"),
  pid: z.int(),
  generation: z.int().nullable().describe("Of the unit, under the supervisor."),
  instance: z.string().nullable(),
  mode: z.string().nullable().describe("How it serves: native-inherited, native, compatible."),
});

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string().describe("For programs; it does not change."),
  detail: z.string(),
  request_id: z.string().optional().describe("The X-Request-Id of the request, or the one that it was given."),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
});
