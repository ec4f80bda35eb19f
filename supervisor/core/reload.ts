import { isUp, type State } from "./state.ts";
import type { UnitState } from "./world.ts";

/**
 * Says why a unit cannot be reloaded now, or null when it can.
 * Why: a handover is decided by the new generation's own word that it is ready. A unit of another type than notify never
 * says it, and to take "it was started" for "it serves" is what other supervisors lose requests by.
 */
export function reloadRefusal({ unit, instances }: UnitState): string | null {
  const { type, reloadMode } = unit.service;
  if (!instances.some(canReload)) return "is not active";
  if (reloadMode !== "handover" || type === "notify") return null;
  return `a service of type "${type}" cannot say that it is ready; set type = "notify", or reload_mode = "restart"`;
}

/** There is something to hand over, or there soon is. */
export function canReload(state: State): boolean {
  return isUp(state) || state.phase.tag === "starting";
}
