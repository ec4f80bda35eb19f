import type { Miss } from "../control/client.ts";
import type { Context } from "./context.ts";
import type { Asking } from "./exit.ts";
import { tellMiss } from "./tell.ts";

/** Says that there is no supervisor, and whom one that was killed has left running: "not running" alone would be taken for "nothing runs". */
export async function tellNotRunning(context: Context, miss: Miss, asking: Asking): Promise<number> {
  const code = tellMiss(context, miss, asking);
  const { stateDir, err } = context;
  // Only here: no other verb looks at processes.
  const { leftRunning } = await import("../host/left-running.ts");
  const left = leftRunning(stateDir).map(({ keeper, pid }) => `${keeper} (pid ${pid})`);
  const names = left.join(", ");
  if (names !== "") err(`supervisor: it was killed, and these still run: ${names}; supervisor start goes on with them`);
  return code;
}
