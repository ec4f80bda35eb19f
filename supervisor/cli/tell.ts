import type { Miss, Verdict } from "../control/client.ts";
import { faultLine } from "../unit/fault.ts";
import type { Context } from "./context.ts";
import { type Asking, exitOfMiss } from "./exit.ts";

/** Says why a call came to nothing, one line for each fault, and gives the exit code. */
export function tellMiss(context: Context, miss: Miss, asking: Asking): number {
  const { err, verb } = context;
  switch (miss.tag) {
    case "refused":
      for (const fault of miss.faults) err(`supervisor ${verb}: ${faultLine(fault)}`);
      break;
    case "not-running":
      err(`supervisor: not running (nobody answers on ${context.client().socket})`);
      break;
    default:
      err(`supervisor ${verb}: ${miss.message}`);
  }
  return exitOfMiss(miss, asking);
}

/** Prints what an order came to: a line for each unit, also where the daemon has no words for it, and what a child that failed said last. */
export function tellVerdicts(context: Context, verdicts: readonly Verdict[]): void {
  const { json, quiet, verb, out, err } = context;
  if (json) out(`${JSON.stringify({ verdicts }, null, 2)}\n`);
  for (const { unit, result, message, tail } of verdicts) {
    const line = message === "" ? `${verb} ${unit}: ${result}` : message;
    if (result !== "done") {
      err(line);
      for (const last of tail) err(`    ${last}`);
    } else if (!quiet && !json) {
      out(`${line}\n`);
    }
  }
}
