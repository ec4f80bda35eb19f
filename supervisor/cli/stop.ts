import { longestWaitMs } from "../control/client.ts";
import type { Context } from "./context.ts";
import { exit, exitOfVerdicts } from "./exit.ts";
import { tellNotRunning } from "./left.ts";
import { runOrder } from "./order.ts";
import { tellMiss, tellVerdicts } from "./tell.ts";

const GONE_LIMIT_MS = 10_000;
const ASK_EVERY_MS = 20;

/** Stops units; without operands everything and the daemon, and returns when the daemon is gone, so that a start may follow at once. */
export async function run(context: Context): Promise<number> {
  const { args, flags } = context;
  if (args.length > 0) return runOrder(context, { tag: "stop", units: args, cascade: flags.cascade === true });
  const order = { tag: "stop", units: null, cascade: true } as const;
  if (flags["no-block"] !== undefined) return runOrder(context, order);
  const reply = await context.client().order(order, context.timeoutMs ?? longestWaitMs);
  if (reply.tag === "not-running") return tellNotRunning(context, reply, "order");
  if (reply.tag !== "ok" && reply.tag !== "cut") return tellMiss(context, reply, "order");
  const verdicts = reply.tag === "ok" ? reply.value : [];
  tellVerdicts(context, verdicts);
  if (verdicts.some(({ result }) => result === "timed-out" || result === "refused")) return exitOfVerdicts(verdicts);
  if (!(await isGone(context))) {
    context.err(`supervisor stop: the units are down, but the supervisor still answers after ${GONE_LIMIT_MS / 1000}s`);
    return exit.timedOut;
  }
  if (!context.quiet && !context.json) context.out("supervisor stopped\n");
  return exitOfVerdicts(verdicts);
}

/** Nothing announces that nobody listens any more, so it is asked for. */
async function isGone(context: Context): Promise<boolean> {
  const client = context.client();
  for (const end = performance.now() + GONE_LIMIT_MS; performance.now() < end; ) {
    const { tag } = await client.status();
    if (tag === "not-running") return true;
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
  return false;
}
