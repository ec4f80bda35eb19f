import type { Flag, Verb } from "../../verb.ts";
import { type Wanted, wantedByFlag, wantedByVerb } from "./wanted.ts";

/** Renders the completion for zsh, as a function file for its `fpath`. Source: zshcompsys(1), _arguments and _describe. */
export function zshCompletion(verbs: readonly Verb[], globalFlags: readonly Flag[]): string {
  const described = verbs.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}\n`).join("");
  const cases = verbs.map((verb) => verbCase(verb, verbs)).join("");
  return `#compdef supervisor
# Completion of supervisor for zsh. Write it to a file _supervisor in a folder of your fpath.
_supervisor_units() {
  local -a names
  names=(all \${(f)"$(_call_program units supervisor $place __units)"})
  compadd -a names
}
_supervisor() {
  local context state state_descr line
  typeset -A opt_args
  local -a verbs everywhere place
  verbs=(
${described}  )
  everywhere=(
${globalFlags.map((flag) => `    ${argument(flag)}\n`).join("")}  )
  _arguments -C $everywhere '1:verb:->verb' '*::operand:->operand'
  (( \${+opt_args[--root]} )) && place+=(--root "\${opt_args[--root]}")
  (( \${+opt_args[--state]} )) && place+=(--state "\${opt_args[--state]}")
  case $state in
    verb) _describe -t verbs verb verbs ;;
    operand)
      case $line[1] in
${cases}      esac
      ;;
  esac
}
_supervisor "$@"
`;
}

function verbCase(verb: Verb, verbs: readonly Verb[]): string {
  const wanted = wantedByVerb(verb, verbs);
  const operands = wanted.map((each, at) => {
    const place = at === wanted.length - 1 ? "*" : String(at + 1);
    return each.tag === "nothing" ? "" : ` ${quote(`${place}:operand:${action(each)}`)}`;
  });
  return `        ${verb.name}) _arguments $everywhere${verb.flags.map((flag) => ` ${argument(flag)}`).join("")}${operands.join("")} ;;\n`;
}

/** Shape: `'(-n --lines)'{-n,--lines}'[how many]:N:'`. */
function argument(flag: Flag): string {
  const { name, short, value, summary } = flag;
  const wanted = wantedByFlag(flag);
  const told = `[${summary.replace(/[[\]:]/g, "\\$&")}]${wanted === null ? "" : `:${value}:${action(wanted)}`}`;
  return short === undefined
    ? quote(`--${name}${told}`)
    : `${quote(`(-${short} --${name})`)}{-${short},--${name}}${quote(told)}`;
}

function action(wanted: Wanted): string {
  switch (wanted.tag) {
    case "units":
      return "_supervisor_units";
    case "folders":
      return "_files -/";
    case "files":
      return "_files";
    case "words":
      return `(${wanted.words.join(" ")})`;
    case "nothing":
      return "";
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
