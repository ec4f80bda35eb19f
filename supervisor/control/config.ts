import type { Hono } from "hono";
import type { Desk } from "../daemon/ports.ts";
import { shownSetting } from "../unit/setting.ts";
import { readBody } from "./body.ts";
import { problem } from "./problem.ts";
import { schemas } from "./schema.ts";
import { placeWhole } from "./whole-order.ts";

/** The routes of the files below the root: what they say, what a reload of them would do, and the reload. */
export function addConfig(app: Hono, desk: Desk, onBug: (error: unknown) => void): void {
  app.get("/v1/config", (c) => c.json({ settings: desk.settings().map(shownSetting) }));
  app.get("/v1/config/diff", (c) => {
    const plan = desk.plan();
    return plan.ok ? c.json(plan.value) : problem(plan.faults);
  });
  app.post("/v1/config/reload", async (c) => {
    const body = await readBody(c.req.raw, schemas.NoBody);
    if (!body.ok) return problem(body.faults);
    return placeWhole(c, desk, { order: { tag: "reconfigure" }, verb: "config reload" }, onBug);
  });
}
