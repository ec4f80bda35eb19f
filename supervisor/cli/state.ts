import type { ActiveState } from "../unit/status.ts";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";
import { tellMiss } from "./tell.ts";

/**
 * Prints the state of each unit, one a line, in the order in which they were named; done when one of them is as asked, else `otherwise`.
 * Why: a name that nothing stands for is "inactive" and does not hide the others. The exit code tells of it when none is as asked.
 * Source: systemctl(1), is-active and is-failed.
 */
export async function runState(
  context: Context,
  isAsAsked: (state: ActiveState) => boolean,
  otherwise: number,
): Promise<number> {
  const { args, json, quiet, out } = context;
  const found: (readonly ActiveState[] | null)[] = [];
  for (const pattern of args) {
    const reply = await context.client().status([pattern]);
    const isUnknown = reply.tag === "refused" && reply.faults[0].code === "unit-unknown";
    if (reply.tag !== "ok" && !isUnknown) return tellMiss(context, reply, "query");
    if (reply.tag !== "ok") tellMiss(context, reply, "query");
    found.push(reply.tag === "ok" ? reply.value.units.map((unit) => unit.active_state) : null);
  }
  const states = found.flatMap((each) => each ?? ["inactive" as const]);
  if (json) out(`${JSON.stringify(states)}\n`);
  else if (!quiet) for (const state of states) out(`${state}\n`);
  if (found.some((each) => each?.some(isAsAsked))) return exit.done;
  return found.includes(null) ? exit.unknownToQuery : otherwise;
}
