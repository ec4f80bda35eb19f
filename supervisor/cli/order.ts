import { longestWaitMs, type Order } from "../control/client.ts";
import type { Context } from "./context.ts";
import { exit, exitOfVerdicts } from "./exit.ts";
import { tellMiss, tellVerdicts } from "./tell.ts";

/** Gives an order to the running daemon, waits for it unless told not to, prints what came of it. */
export async function runOrder(context: Context, order: Order): Promise<number> {
  const waits = context.flags["no-block"] === undefined;
  const reply = await context.client().order(order, waits ? (context.timeoutMs ?? longestWaitMs) : null);
  if (reply.tag !== "ok") return tellMiss(context, reply, "order");
  if (!waits) return exit.done;
  tellVerdicts(context, reply.value);
  return exitOfVerdicts(reply.value);
}
