import type { Context } from "./context.ts";
import { exit } from "./exit.ts";
import { runOrder } from "./order.ts";

/** Starts units in the running daemon. */
export async function run(context: Context): Promise<number> {
  if (context.flags["exit-with"] !== undefined) {
    context.err("supervisor start: --exit-with is for the start of the supervisor itself, without UNIT");
    return exit.usage;
  }
  return runOrder(context, { tag: "start", units: context.args });
}
