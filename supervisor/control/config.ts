import type { Hono } from "hono";
import type { Desk, Verdict } from "../daemon/ports.ts";
import { shownSetting } from "../unit/setting.ts";
import type { UnitStatus } from "../unit/status.ts";
import { readBody } from "./body.ts";
import { readGiver } from "./giver.ts";
import { giverHeader } from "./introduce.ts";
import { problem } from "./problem.ts";
import { schemas } from "./schema.ts";
import { readWait, timedOut, within } from "./wait.ts";

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
    const waitMs = readWait(c.req.query("wait"));
    if (!waitMs.ok) return problem(waitMs.faults);
    const given = desk.order({ tag: "reconfigure" }, readGiver(c.req.header(giverHeader)));
    if (!given.ok) return problem(given.faults);
    if (waitMs.value === null) {
      given.value.catch(onBug);
      return c.json({ accepted: true }, 202);
    }
    const verdicts = await within(given.value, waitMs.value);
    return c.json({ verdicts: verdicts ?? late(desk, waitMs.value) });
  });
}

/** Nobody is named who has arrived; where all have, the order as a whole has not. */
function late(desk: Desk, waitMs: number): readonly Verdict[] {
  const status = desk.status();
  const moving = status.units.filter(({ active_state }) => underway.has(active_state));
  const names = (moving.length > 0 ? moving : status.units).map(({ name }) => name);
  return timedOut("config reload", names, waitMs, status);
}

const underway: ReadonlySet<UnitStatus["active_state"]> = new Set(["reloading", "activating", "deactivating"]);
