import type { Context } from "hono";
import type { Desk, Order, Verdict } from "../daemon/ports.ts";
import type { UnitStatus } from "../unit/status.ts";
import { readGiver } from "./giver.ts";
import { giverHeader } from "./introduce.ts";
import { problem } from "./problem.ts";
import { readWait, timedOut, within } from "./wait.ts";

/** Gives an order that names no units; answers at once, or when it is settled, or at the client's limit. `verb`: what it is called then. */
export async function placeWhole(
  c: Context,
  desk: Desk,
  { order, verb }: Readonly<{ order: Order; verb: string }>,
  onBug: (error: unknown) => void,
): Promise<Response> {
  const waitMs = readWait(c.req.query("wait"));
  if (!waitMs.ok) return problem(waitMs.faults);
  const given = desk.order(order, readGiver(c.req.header(giverHeader)));
  if (!given.ok) return problem(given.faults);
  if (waitMs.value === null) {
    given.value.catch(onBug);
    return c.json({ accepted: true }, 202);
  }
  const verdicts = await within(given.value, waitMs.value);
  return c.json({ verdicts: verdicts ?? late(desk, verb, waitMs.value) });
}

/** Nobody is named who has arrived; where all have, the order as a whole has not. */
function late(desk: Desk, verb: string, waitMs: number): readonly Verdict[] {
  const status = desk.status();
  const moving = status.units.filter(({ active_state }) => underway.has(active_state));
  const names = (moving.length > 0 ? moving : status.units).map(({ name }) => name);
  return timedOut(verb, names, waitMs, status);
}

const underway: ReadonlySet<UnitStatus["active_state"]> = new Set(["reloading", "activating", "deactivating"]);
