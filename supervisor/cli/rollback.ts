import type { Context } from "./context.ts";
import { runOrder } from "./order.ts";

/** Hands everything back to a release: the one that is named, else the last good one. */
export async function run(context: Context): Promise<number> {
  const [release = null] = context.args;
  return runOrder(context, { tag: "rollback", release });
}
