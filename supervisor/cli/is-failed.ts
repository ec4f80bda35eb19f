import type { Context } from "./context.ts";
import { exit } from "./exit.ts";
import { runState } from "./state.ts";

/** Prints the state of each unit; done when one of them failed. Source: systemctl(1), is-failed. */
export async function run(context: Context): Promise<number> {
  return runState(context, (state) => state === "failed", exit.failed);
}
