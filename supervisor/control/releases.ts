import type { Hono } from "hono";
import type { Desk } from "../daemon/ports.ts";
import { readBody } from "./body.ts";
import { problem } from "./problem.ts";
import { schemas } from "./schema.ts";
import { placeWhole } from "./whole-order.ts";

/** The routes of the releases: which there are, and the orders to run from one. Nobody makes one here: that takes a while, and is the client's. */
export function addReleases(app: Hono, desk: Desk, onBug: (error: unknown) => void): void {
  app.get("/v1/releases", (c) => c.json({ releases: desk.releases() }));
  app.post("/v1/releases/:release/deploy", async (c) => {
    const body = await readBody(c.req.raw, schemas.DeployBody);
    if (!body.ok) return problem(body.faults);
    const release = c.req.param("release");
    const order = { tag: "deploy", release, insist: body.value.insist } as const;
    return placeWhole(c, desk, { order, verb: `deploy ${release}` }, onBug);
  });
  app.post("/v1/rollback", async (c) => {
    const body = await readBody(c.req.raw, schemas.RollbackBody);
    if (!body.ok) return problem(body.faults);
    const { release = null } = body.value;
    return placeWhole(c, desk, { order: { tag: "rollback", release }, verb: "rollback" }, onBug);
  });
}
