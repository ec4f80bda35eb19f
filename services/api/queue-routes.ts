import { type Context, Hono } from "hono";
import { type Queue, type Stats, TASK_STATES } from "../queue/queue.ts";
import type { Registry } from "../tasks/registry.ts";
import { fieldErrors, invalid } from "./invalid.ts";
import { pauseQuerySchema, resumeQuerySchema } from "./schema.ts";

/** `/queue`: how many tasks there are, and which types of them no worker takes. */
export function queueRoutes({ queue, registry }: Readonly<{ queue: Queue; registry: Registry }>): Hono {
  const app = new Hono();
  const pauseQuery = pauseQuerySchema(registry);
  const asItIs = async (c: Context) => c.json(queueView(await queue.stats()));

  app.get("/queue", asItIs);
  app.post("/queue/pause", async (c) => {
    const query = pauseQuery.safeParse(c.req.query());
    if (!query.success) return invalid(c, fieldErrors(query.error));
    await queue.pause(query.data.type ?? null);
    return asItIs(c);
  });
  app.post("/queue/resume", async (c) => {
    const query = resumeQuerySchema.safeParse(c.req.query());
    if (!query.success) return invalid(c, fieldErrors(query.error));
    await queue.resume(query.data.type ?? null);
    return asItIs(c);
  });
  return app;
}

function queueView(stats: Stats) {
  const { oldest_queued_ms, paused } = stats;
  return { tasks: Object.fromEntries(TASK_STATES.map((state) => [state, stats[state]])), oldest_queued_ms, paused };
}
