import { nearest } from "../unit/nearest.ts";
import type { Context } from "./context.ts";
import { exit } from "./exit.ts";
import { renderHelp, renderVerbHelp } from "./render/help.ts";
import { shownVerbs, verbs } from "./verbs.ts";

/** Prints what there is, from the table that the command line is read with. */
export async function run(context: Context): Promise<number> {
  const [name] = context.args;
  const verb = verbs.find((candidate) => candidate.name === name);
  if (name === undefined || verb !== undefined) {
    context.out(verb === undefined ? renderHelp(shownVerbs) : renderVerbHelp(verb));
    return exit.done;
  }
  const near = nearest(
    name,
    verbs.map((candidate) => candidate.name),
  );
  context.err(`supervisor help: unknown verb '${name}'${near === null ? "" : `; did you mean '${near}'?`}`);
  return exit.usage;
}
