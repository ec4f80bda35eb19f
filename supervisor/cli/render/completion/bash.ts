import type { Flag, Verb } from "../../verb.ts";
import { type Wanted, wantedByFlag, wantedByVerb } from "./wanted.ts";

/** Renders the completion for bash 4.3 or newer. Source: bash(1), Programmable Completion. */
export function bashCompletion(verbs: readonly Verb[], globalFlags: readonly Flag[]): string {
  const names = verbs.map(({ name }) => name).join(" ");
  const cases = verbs.map((verb) => verbCase(verb, verbs)).join("");
  return `# Completion of supervisor for bash. Load it with: source <(supervisor completion bash)
_supervisor() {
  local head=\${COMP_LINE:0:COMP_POINT} verb= prev= cur= word at=0 root=() flags operands=nothing
  local -a words
  # Split at spaces alone: to bash a ":" or "@" in the name of a unit would be the end of a word.
  read -ra words <<<"$head"
  [[ $head == *[[:space:]] ]] && words+=("")
  cur=\${words[-1]}
  COMPREPLY=()
  for word in "\${words[@]:1:\${#words[@]}-2}"; do
    if [[ -n $prev ]]; then
      case $prev in --root | --state) root+=("$prev" "$word") ;; esac
      prev=
      continue
    fi
    case $word in
      --root=* | --state=*) root+=("$word") ;;
      ${valued([...globalFlags, ...verbs.flatMap(({ flags }) => flags)])}) prev=$word ;;
      -*) ;;
      *) if [[ -z $verb ]]; then verb=$word; else ((++at)); fi ;;
    esac
  done
  flags=${quote(flagWords(globalFlags))}
  if [[ -n $prev ]]; then
    _supervisor_value "$prev"
  elif [[ -z $verb ]]; then
    if [[ $cur == -* ]]; then _supervisor_words "$flags"; else _supervisor_words ${quote(names)}; fi
  else
    case $verb in
${cases}    esac
    if [[ $cur == -* ]]; then _supervisor_words "$flags"; else _supervisor_offer "$operands"; fi
  fi
  # What stands before the last break is on the line already.
  local mark=\${cur##*[:=@]}
  if [[ $mark != "$cur" ]]; then
    local before=\${cur%"$mark"}
    [[ $COMP_WORDBREAKS == *"\${before: -1}"* ]] && COMPREPLY=("\${COMPREPLY[@]#"$before"}")
  fi
}
_supervisor_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"); }
_supervisor_offer() {
  case $1 in
    units) _supervisor_words "all $("\${COMP_WORDS[0]}" "\${root[@]}" __units 2>/dev/null)" ;;
    folders) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
    files) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    words:*) _supervisor_words "\${1#words:}" ;;
  esac
}
_supervisor_value() {
  case $1 in
${valueCases([...globalFlags, ...verbs.flatMap(({ flags }) => flags)])}  esac
}
complete -F _supervisor supervisor
`;
}

function verbCase(verb: Verb, verbs: readonly Verb[]): string {
  const wanted = wantedByVerb(verb, verbs).map(offer);
  const last = wanted.at(-1) ?? "nothing";
  const operands = wanted.slice(0, -1).map((each, at) => `((at == ${at})) && operands=${quote(each)}; `);
  const flags = verb.flags.length === 0 ? "" : `flags+=${quote(` ${flagWords(verb.flags)}`)}; `;
  return `      ${verb.name}) ${flags}operands=${quote(last)}; ${operands.join("")};;\n`;
}

function offer(wanted: Wanted): string {
  return wanted.tag === "words" ? `words:${wanted.words.join(" ")}` : wanted.tag;
}

/** The pattern of all flags whose value is the next word. */
function valued(flags: readonly Flag[]): string {
  return [...new Set(flags.filter(({ value }) => value !== undefined).flatMap(spellings))].join(" | ");
}

function valueCases(flags: readonly Flag[]): string {
  const unique = new Map(flags.map((flag) => [flag.name, flag]));
  return [...unique.values()]
    .flatMap((flag) => {
      const wanted = wantedByFlag(flag);
      const isTelling = wanted !== null && wanted.tag !== "nothing";
      return isTelling ? [`    ${spellings(flag).join(" | ")}) _supervisor_offer ${quote(offer(wanted))} ;;\n`] : [];
    })
    .join("");
}

function flagWords(flags: readonly Flag[]): string {
  return flags.flatMap(spellings).join(" ");
}

function spellings({ name, short }: Flag): readonly string[] {
  return short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
