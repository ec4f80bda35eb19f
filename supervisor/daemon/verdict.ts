import { describe, faultCode, root } from "../core/cause.ts";
import type { Settlement } from "../core/settled.ts";
import type { Outputs, Verdict } from "./ports.ts";

export const done = (unit: string): Verdict => ({ unit, result: "done", message: "", tail: [], fault: null });

/** The order could not even be given to this unit. */
export function refused(verb: string, unit: string, why: string): Verdict {
  const message = `${verb} ${unit}: ${why}`;
  return {
    unit,
    result: "refused",
    message,
    tail: [],
    fault: { code: "request-invalid", message, retry: "never", unit },
  };
}

/** Words what became of an order, with the last lines of the process that it failed by. */
export function word(verb: string, unit: string, settlement: Settlement, outputs: Outputs): Verdict {
  const { result, cause, waitsFor, invocation, stuck = [] } = settlement;
  if (result === "done") return { ...done(unit), message: cause ? `${verb} ${unit}: ${describe(cause)}` : "" };
  const own = cause ? describe(cause) : "has not come up";
  const why = waitsFor !== null ? `needs ${waitsFor}` : own;
  const who = cause?.tag === "sibling" ? "" : "the new one ";
  const but = stuck.map((instance) => `; instance ${instance} could not go back, and runs the new one`).join("");
  const message = `${verb} ${unit}: ${result === "kept-old" ? `the old generation stays: ${who}${why}${but}` : why}`;
  const code = result === "kept-old" ? "handover-kept-old" : cause ? faultCode(cause) : "start-failed";
  const hasPrinted = invocation !== null && cause !== null && root(cause).tag !== "spawn-failed";
  const tail = hasPrinted ? outputs.tail(invocation) : [];
  return { unit, result, message, tail, fault: { code, message, retry: "later", unit } };
}
