import { beginChore } from "./chore.ts";
import type { Program, Run } from "./state.ts";
import { amend, type Context, newRun, perform, type Step } from "./turn.ts";

/** Orders a new life: the commands before its process, or the process at once where there are none. */
export function order(
  context: Context,
  step: Step,
  generation: number,
  program: Program | null = null,
): readonly [Step, Run] {
  const run = newRun(context, generation, program);
  const readying = beginChore(context, step, "start-pre", run);
  return readying ? [readying, run] : [spawn(step, run), { ...run, exists: true }];
}

/** Orders the process of a life. */
export function spawn(step: Step, { invocation, generation, program }: Run): Step {
  return perform(amend(step, invocation, { exists: true }), {
    tag: "spawn",
    invocation,
    generation,
    program: program.life,
  });
}
