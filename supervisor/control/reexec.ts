import type { Hono } from "hono";
import type { Fault } from "../unit/fault.ts";
import { readBody } from "./body.ts";
import { problem } from "./problem.ts";
import { schemas } from "./schema.ts";

/** Replaces the supervisor's own program. Null when it is about to happen; else why it is not. `runtime: null`: the one that it has. */
export type Reexec = (runtime: "bun" | "deno" | null) => Promise<Fault | null>;

/** The route of `daemon-reexec`: answered before the program is replaced, and after the next one was checked. */
export function addReexec(app: Hono, reexec: Reexec): void {
  app.post("/v1/reexec", async (c) => {
    const body = await readBody(c.req.raw, schemas.ReexecBody);
    if (!body.ok) return problem(body.faults);
    const fault = await reexec(body.value.runtime ?? null);
    return fault === null ? c.json({ accepted: true }, 202) : problem([fault]);
  });
}
