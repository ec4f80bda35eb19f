import type { Unit } from "../unit/unit.ts";
import { isUp, type State } from "./state.ts";
import type { UnitState } from "./world.ts";

/**
 * Says why a unit cannot be reloaded now, or null when it can.
 * Why: a handover is decided by the new generation's own word that it is ready: READY=1, or the answer to a probe that only
 * it can give. A unit of another type than notify, without such a probe, never says it, and to take "it was started" for "it serves" is what other supervisors lose requests by.
 */
export function reloadRefusal({ unit, instances }: UnitState): string | null {
  const { type, reloadMode } = unit.service;
  if (!instances.some(canReload)) return "is not active";
  if (reloadMode !== "handover" || type === "notify" || isAskedAlone(unit)) return null;
  return `a service of type "${type}" cannot say that it is ready; set type = "notify", a readiness probe with \`listener\`, or reload_mode = "restart"`;
}

/** A probe on a private listener is answered by the generation that got it, and by nobody else. */
function isAskedAlone({ service, probes: { startup, readiness } }: Unit): boolean {
  return service.type !== "oneshot" && [startup, readiness].some((probe) => probe?.ask.tag === "listener");
}

/** There is something to hand over, or there soon is. */
export function canReload(state: State): boolean {
  return isUp(state) || state.phase.tag === "starting";
}
