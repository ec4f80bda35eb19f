import { type Flag, globalFlags, type Verb } from "../verb.ts";

/** Renders the help: every verb in a line, then the flags that all of them know. */
export function renderHelp(verbs: readonly Verb[]): string {
  return [
    "Usage: supervisor [FLAGS] VERB [UNIT…]\n\nUNIT: api, api@2, a pattern such as 'work*', or all.\n\nVerbs:\n",
    ...columns(verbs.map(({ name, operands, summary }) => [`${name} ${operands}`.trimEnd(), summary])),
    "\nFlags:\n",
    ...columns(globalFlags.map(flagRow)),
    "\n`supervisor help VERB` tells a verb's own flags.\n",
  ].join("");
}

export function renderVerbHelp(verb: Verb): string {
  const usage = `Usage: supervisor ${verb.name} ${verb.flags.length === 0 ? "" : "[FLAGS] "}${verb.operands}`;
  const flags = verb.flags.length === 0 ? [] : ["\nFlags:\n", ...columns(verb.flags.map(flagRow))];
  return `${usage.trimEnd()}\n\n${verb.summary}\n${flags.join("")}`;
}

function flagRow({ name, short, value, summary }: Flag): readonly [string, string] {
  const names = short === undefined ? `    --${name}` : `-${short}, --${name}`;
  return [value === undefined ? names : `${names} ${value}`, summary];
}

function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`);
}
