import type { Flag, Verb } from "../../verb.ts";
import { type Wanted, wantedByFlag, wantedByVerb } from "./wanted.ts";

/** Renders the completion for fish. Source: fish's manual, complete. */
export function fishCompletion(verbs: readonly Verb[], globalFlags: readonly Flag[]): string {
  const lines = [
    "# Completion of supervisor for fish. Load it with: supervisor completion fish | source",
    "function __supervisor_units",
    "  set -l words (commandline -opc)",
    "  set -l place",
    "  for at in (seq 2 (count $words))",
    '    switch "$words[$at]"',
    "      case --root --state",
    "        set -a place $words[$at] $words[(math $at + 1)]",
    "      case '--root=*' '--state=*'",
    "        set -a place $words[$at]",
    "    end",
    "  end",
    "  echo all",
    "  command supervisor $place __units 2>/dev/null",
    "end",
    "complete -c supervisor -f",
    ...globalFlags.map((flag) => `complete -c supervisor${flagWords(flag)}`),
    ...verbs.map(({ name, summary }) => {
      return `complete -c supervisor -n __fish_use_subcommand -a ${quote(name)} -d ${quote(summary)}`;
    }),
    ...verbs.flatMap((verb) => verbLines(verb, verbs)),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function verbLines(verb: Verb, verbs: readonly Verb[]): readonly string[] {
  const start = `complete -c supervisor -n ${quote(`__fish_seen_subcommand_from ${verb.name}`)}`;
  const operands = wantedByVerb(verb, verbs).flatMap((wanted) => {
    const offered = offer(wanted);
    return offered === "" ? [] : [`${start}${offered}`];
  });
  return [...operands, ...verb.flags.map((flag) => `${start}${flagWords(flag)}`)];
}

function flagWords(flag: Flag): string {
  const { name, short, summary } = flag;
  const wanted = wantedByFlag(flag);
  const value = wanted === null ? "" : ` -r${offer(wanted)}`;
  return ` -l ${name}${short === undefined ? "" : ` -s ${short}`} -d ${quote(summary)}${value}`;
}

function offer(wanted: Wanted): string {
  switch (wanted.tag) {
    case "units":
      return " -a '(__supervisor_units)'";
    case "folders":
      return " -a '(__fish_complete_directories)'";
    case "files":
      return " -F";
    case "words":
      return ` -a ${quote(wanted.words.join(" "))}`;
    case "nothing":
      return "";
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
