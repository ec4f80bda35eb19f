import type { Context } from "./context.ts";
import { runOrder } from "./order.ts";

/** Hands units over to a new generation; without operands every unit that can. */
export async function run(context: Context): Promise<number> {
  return runOrder(context, { tag: "reload", units: context.args.length === 0 ? null : context.args });
}
