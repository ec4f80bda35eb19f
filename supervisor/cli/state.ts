import { faultLine } from "../unit/fault.ts";
import { match } from "../unit/pattern.ts";
import type { ActiveState, UnitStatus } from "../unit/status.ts";
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
  const reply = await context.client().status();
  if (reply.tag !== "ok") return tellMiss(context, reply, "query");
  const found = args.map((pattern) => statesOf(context, pattern, reply.value.units));
  const states = found.flatMap((each) => each ?? ["inactive" as const]);
  if (json) out(`${JSON.stringify(states)}\n`);
  else if (!quiet) for (const state of states) out(`${state}\n`);
  if (found.some((each) => each?.some(isAsAsked))) return exit.done;
  return found.includes(null) ? exit.unknownToQuery : otherwise;
}

/** `null`: the pattern stands for nothing, and that has been said. */
function statesOf(
  { err, verb }: Context,
  pattern: string,
  units: readonly UnitStatus[],
): readonly ActiveState[] | null {
  const names = match(
    [pattern],
    units.map((unit) => unit.name),
  );
  if (!names.ok) {
    for (const fault of names.faults) err(`supervisor ${verb}: ${faultLine(fault)}`);
    return null;
  }
  return names.value.flatMap((name) => units.find((unit) => unit.name === name)?.active_state ?? []);
}
