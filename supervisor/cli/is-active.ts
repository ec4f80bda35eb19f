import type { Context } from "./context.ts";
import { exit } from "./exit.ts";
import { runState } from "./state.ts";

/** Prints the state of each unit; done when one of them is active. Source: systemctl(1), is-active. */
export async function run(context: Context): Promise<number> {
  return runState(context, (state) => state === "active" || state === "reloading", exit.notActive);
}
