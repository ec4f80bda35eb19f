import type { Context } from "./context.ts";
import { runOrder } from "./order.ts";

/** Starts units in the running daemon. */
export async function run(context: Context): Promise<number> {
  return runOrder(context, { tag: "start", units: context.args });
}
