import type { Context } from "./context.ts";
import { runOrder } from "./order.ts";

/** Forgets failures; without operands those of every unit. */
export async function run(context: Context): Promise<number> {
  return runOrder(context, { tag: "reset-failed", units: context.args.length === 0 ? ["all"] : context.args });
}
