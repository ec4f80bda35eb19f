import type { Context } from "./context.ts";
import { exit } from "./exit.ts";
import { bashCompletion } from "./render/completion/bash.ts";
import { fishCompletion } from "./render/completion/fish.ts";
import { zshCompletion } from "./render/completion/zsh.ts";
import { globalFlags } from "./verb.ts";
import { shownVerbs } from "./verbs.ts";

const shells: Readonly<Record<string, typeof bashCompletion>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** Prints the completion of a shell, made of the table that the command line is read with. */
export async function run({ args, out, err }: Context): Promise<number> {
  const [shell = ""] = args;
  const render = shells[shell];
  if (render === undefined) {
    err(`supervisor completion: bash, zsh and fish are known, got '${shell}'`);
    return exit.usage;
  }
  out(render(shownVerbs, globalFlags));
  return exit.done;
}
