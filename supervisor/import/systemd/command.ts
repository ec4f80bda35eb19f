// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import { literal } from "../template.ts";
import { fill, type UnitName } from "./specifier.ts";
import { readWords } from "./syntax.ts";

/** One command of an `Exec…=` line. */
export type Command = Readonly<{
  argv: readonly string[];
  /** It may fail: "-" stood before it. */
  isTolerant: boolean;
  /** What its prefixes, its variables and its specifiers ask for and do not get. */
  lost: readonly string[];
}>;

/** What is known when a command is read. `variables`: those of `Environment=`, as they stand there. */
export type Known = Readonly<{ name: UnitName; variables: ReadonlyMap<string, string> }>;

/** Takes the commands of one line apart; ` ; ` separates them. Source: systemd.service(5), "Command lines". */
export function readCommands(value: string, known: Known): readonly Command[] {
  const commands: string[][] = [[]];
  for (const { text, isPlain } of readWords(value)) {
    if (isPlain && text === ";") commands.push([]);
    else commands.at(-1)?.push(text);
  }
  return commands.filter((words) => words.length > 0).map((words) => readCommand(words, known));
}

function readCommand([first = "", ...rest]: readonly string[], known: Known): Command {
  const [, prefixes = "", program = ""] = /^([-@:+!|]*)(.*)$/s.exec(first) ?? [];
  const lost = prefixLosses(prefixes);
  const isVerbatim = prefixes.includes(":");
  const args = prefixes.includes("@") ? rest.slice(1) : rest;
  const named = fill(program, known.name);
  const words = args.map((word) => (isVerbatim ? filled(word, known) : readArgument(word, known)));
  for (const { unknown } of [named, ...words]) {
    for (const specifier of unknown) lost.push(`the specifier ${specifier} has no meaning here, and stays as it is`);
  }
  const isTolerant = prefixes.includes("-");
  if (words.every(({ needsShell }) => !needsShell)) {
    return { argv: [named.text, ...words.flatMap(({ texts }) => texts)], isTolerant, lost };
  }
  const line = [quoted(program), ...words.map(({ shell }) => shell)].join(" ");
  return { argv: ["/bin/sh", "-c", `exec ${line}`], isTolerant, lost };
}

function prefixLosses(prefixes: string): string[] {
  const lost: string[] = [];
  if (prefixes.includes("@")) lost.push("the name that `@` gives the process");
  if (/[+!]/.test(prefixes)) lost.push("`+` and `!` run it with more rights; here it runs as the unit's user");
  if (prefixes.includes("|")) lost.push("`|` runs it through the user's shell");
  return lost;
}

type Argument = Readonly<{ texts: readonly string[]; shell: string; needsShell: boolean; unknown: readonly string[] }>;

function filled(word: string, { name }: Known): Argument {
  const { text, unknown } = fill(word, name);
  return { texts: [text], shell: quoted(word), needsShell: false, unknown };
}

/**
 * An argument with variables: `$NAME` alone becomes as many words as its value has, `${NAME}` one, also inside a word; `$$` is a dollar.
 * A variable that is not set is empty in systemd, and a fault here, so it gets a default.
 */
function readArgument(word: string, known: Known): Argument {
  const [, alone] = /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(word) ?? [];
  if (alone !== undefined) return readAlone(alone, known);
  const unknown: string[] = [];
  const parts = word.split(/(\$\$|\$\{[A-Za-z_][A-Za-z0-9_]*\})/).map((part, index) => {
    if (index % 2 === 0) {
      const found = fill(part, known.name);
      unknown.push(...found.unknown);
      return { text: found.text, shell: part === "" ? "" : quoted(part) };
    }
    const name = part.slice(2, -1);
    if (part === "$$") return { text: "$", shell: "'$'" };
    return { text: placeholder(name, known), shell: `"$${name}"` };
  });
  const shell = parts.map((part) => part.shell).join("");
  return { texts: [parts.map(({ text }) => text).join("")], shell: shell || "''", needsShell: false, unknown };
}

function readAlone(name: string, { variables }: Known): Argument {
  if (AT_RUN_TIME.has(name)) return { texts: [`$${name}`], shell: `"$${name}"`, needsShell: false, unknown: [] };
  const value = variables.get(name);
  const words = value === undefined ? [] : value.split(/\s+/).filter((word) => word !== "");
  const texts = words.length === 1 ? [`\${${name}}`] : words.map(literal);
  return { texts, shell: `$${name}`, needsShell: value === undefined, unknown: [] };
}

function placeholder(name: string, { variables }: Known): string {
  return variables.has(name) || AT_RUN_TIME.has(name) ? `\${${name}}` : `\${${name}:-}`;
}

/** What both supervisors set for their commands. */
const AT_RUN_TIME: ReadonlySet<string> = new Set(["MAINPID", "SERVICE_RESULT", "EXIT_CODE", "EXIT_STATUS"]);

/** Quotes a word for a shell, within a template. */
function quoted(word: string): string {
  const plain = /^[A-Za-z0-9_@+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
  return literal(plain);
}
