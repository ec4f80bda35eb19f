import { longestWaitMs, type Order, type Verdict } from "../control/client.ts";
import type { Context } from "./context.ts";
import { exit, exitOfVerdicts } from "./exit.ts";
import { tellMiss, tellVerdicts } from "./tell.ts";

/** Gives an order to the running daemon, waits for it unless told not to, prints what came of it. */
export async function runOrder(context: Context, order: Order): Promise<number> {
  const { code, verdicts } = await giveOrder(context, order);
  if (verdicts !== null) tellVerdicts(context, verdicts);
  return code;
}

/** As `runOrder`, but prints only why there are no verdicts. `null`: there are none to wait for, or the order was refused. */
export async function giveOrder(
  context: Context,
  order: Order,
): Promise<Readonly<{ code: number; verdicts: readonly Verdict[] | null }>> {
  const waits = context.flags["no-block"] === undefined;
  const reply = await context.client().order(order, waits ? (context.timeoutMs ?? longestWaitMs) : null);
  if (reply.tag !== "ok") return { code: tellMiss(context, reply, "order"), verdicts: null };
  if (!waits) return { code: exit.done, verdicts: null };
  return { code: exitOfVerdicts(reply.value), verdicts: reply.value };
}
