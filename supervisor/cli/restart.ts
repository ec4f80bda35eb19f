import type { Context } from "./context.ts";
import { runOrder } from "./order.ts";

/** Stops and starts units, and says what that costs. */
export async function run(context: Context): Promise<number> {
  const { args, quiet, err } = context;
  if (!quiet) err(`supervisor restart: downtime for ${args.join(", ")}; \`supervisor reload\` has none`);
  return runOrder(context, { tag: "restart", units: args });
}
