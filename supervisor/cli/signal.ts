import { parseSignal } from "../unit/signal.ts";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";
import { runOrder } from "./order.ts";

/** Sends a signal. Shape: `signal HUP api`, `signal SIGUSR1 'work*'`, `signal 15 api`. */
export async function run(context: Context): Promise<number> {
  const [name = "", ...units] = context.args;
  const signal = parseSignal(name);
  if (signal !== null) return runOrder(context, { tag: "signal", units, signal });
  context.err(`supervisor signal: there is no signal '${name}'`);
  return exit.usage;
}
