import { canReload } from "../core/reload.ts";
import type { Goal } from "../core/settled.ts";
import { selected, stateOf, type World } from "../core/world.ts";

/** The handover that begins next is the one that runs what is there now: one that is under way may have read older code. */
export function ticketOf(world: World, name: string): Goal {
  const tickets: Record<number, number> = {};
  for (const whom of selected(world, name)) {
    const state = stateOf(world, whom);
    if (state && canReload(state)) tickets[whom.instance] = state.handover.serial + 1;
  }
  return { tag: "reloaded", tickets };
}
