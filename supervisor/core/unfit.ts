import type { Cause } from "./cause.ts";
import { inherit, loseOld, reject } from "./handover.ts";
import { dismiss } from "./leave.ts";
import { evict, signalFor } from "./service.ts";
import type { Run } from "./state.ts";
import type { Context, Step } from "./turn.ts";

/** A process that serves must not any more. In a handover that is the end of it for one of the two, and the other stays. */
export function unfit(context: Context, here: Step, run: Run, cause: Cause): Step {
  const { phase } = here.state;
  if (phase.tag !== "replacing" && phase.tag !== "soaking") return evict(context, here, run, cause);
  if (phase.next.invocation === run.invocation) return reject(context, here, phase, cause);
  const asked = dismiss(context, here, phase.run, "stop", signalFor(context, cause));
  return phase.tag === "replacing"
    ? loseOld(context, asked, phase, cause, [])
    : inherit(context, asked, phase, cause, []);
}
