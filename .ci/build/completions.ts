import { bashCompletion } from "../../supervisor/cli/render/completion/bash.ts";
import { fishCompletion } from "../../supervisor/cli/render/completion/fish.ts";
import { zshCompletion } from "../../supervisor/cli/render/completion/zsh.ts";
import { globalFlags } from "../../supervisor/cli/verb.ts";
import { shownVerbs } from "../../supervisor/cli/verbs.ts";

/** The completions as files, each under the name that its shell looks for. */
export function shellCompletions(): ReadonlyMap<string, string> {
  return new Map([
    ["supervisor.bash", bashCompletion(shownVerbs, globalFlags)],
    ["_supervisor", zshCompletion(shownVerbs, globalFlags)],
    ["supervisor.fish", fishCompletion(shownVerbs, globalFlags)],
  ]);
}
