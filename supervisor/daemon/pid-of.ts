import type { Report } from "../core/effect.ts";
import { runs } from "../core/state.ts";
import { ownerOf, stateOf, type World } from "../core/world.ts";

/** The process that a report speaks of. Null: none, or none that is known. */
export function pidOf(world: World, report: Report): number | null {
  if ("pid" in report) return report.pid;
  const invocation = "invocation" in report ? report.invocation : null;
  if (invocation === null) return null;
  const owner = ownerOf(world, invocation);
  const state = owner && stateOf(world, owner);
  return state ? (runs(state).find((run) => run.invocation === invocation)?.pid ?? null) : null;
}
