import type { ActiveState } from "../unit/status.ts";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";
import { tellMiss } from "./tell.ts";

/** Prints the state of each named unit, one a line; done when one of them is as asked, else `otherwise`. */
export async function runState(
  context: Context,
  isAsAsked: (state: ActiveState) => boolean,
  otherwise: number,
): Promise<number> {
  const reply = await context.client().status(context.args);
  if (reply.tag !== "ok") return tellMiss(context, reply, "query");
  const states = reply.value.units.map((unit) => unit.active_state);
  if (context.json) context.out(`${JSON.stringify(states)}\n`);
  else if (!context.quiet) for (const state of states) context.out(`${state}\n`);
  return states.some(isAsAsked) ? exit.done : otherwise;
}
