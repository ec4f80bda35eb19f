import { literal } from "./template.ts";

/** A command line of a shell, taken apart: variables that stand before it, and its words as templates of a unit file. */
export type Words = Readonly<{ environment: Readonly<Record<string, string>>; words: readonly string[] }>;

/**
 * Takes a shell's line apart where no shell is needed to run it. `null`: only a shell can.
 * `lookUp` gives a variable that is known to be set, or null; what is not known a shell would take as empty, a unit as a fault.
 * Shape: "A=1 puma -p $PORT" → { environment: { A: "1" }, words: ["puma", "-p", "${PORT}"] }; "a | b" → null.
 * Source: POSIX, Shell Command Language, 2.2 Quoting and 2.6 Word Expansions.
 */
export function shellWords(line: string, lookUp: (name: string) => string | null): Words | null {
  const found = split(line.trim(), lookUp);
  if (found === null) return null;
  const environment: Record<string, string> = {};
  let at = 0;
  for (; at < found.length; at++) {
    const [, name, value] = ASSIGNMENT.exec(found[at] ?? "") ?? [];
    if (name === undefined || value === undefined) break;
    environment[name] = value;
  }
  if (found[at] === "exec") at++;
  const words = found.slice(at);
  const [program] = words;
  if (program === undefined || program === "" || BUILTIN.has(program)) return null;
  return { environment, words };
}

/** Wraps a shell's line. Why `exec`: the service is then the program itself, which signals and readiness are about. */
export function shellCommand(line: string, shell = "/bin/sh"): readonly string[] {
  const text = line.trim();
  const [first = ""] = text.split(/\s/);
  const isSimple = !/[;&|\n(){}]/.test(text) && !BUILTIN.has(first) && !ASSIGNMENT.test(first) && first !== "exec";
  return [shell, "-c", literal(isSimple ? `exec ${text}` : text)];
}

/** Splits at white space and takes quotes away, as a program without a shell does. `null` when a quote does not end. Source: Python, shlex.split. */
export function quotedWords(line: string): readonly string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  for (let at = 0; at < line.length; at++) {
    const letter = line[at] ?? "";
    if (/\s/.test(letter)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (letter === "'" || letter === '"') {
      const quoted = readQuoted(line, at);
      if (quoted === null) return null;
      word = (word ?? "") + quoted.text;
      at = quoted.end;
    } else if (letter === "\\") {
      word = (word ?? "") + (line[++at] ?? "");
    } else {
      word = (word ?? "") + letter;
    }
  }
  return word === null ? words : [...words, word];
}

const ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]*)=([\s\S]*)$/;

/** What a shell does itself, and what begins a command of several. */
const BUILTIN: ReadonlySet<string> = new Set([
  ...". : alias cd command eval exit export hash read readonly return set shift source test trap ulimit umask unset wait".split(
    " ",
  ),
  ...["if", "for", "while", "until", "case", "function", "time", "!", "{", "[", "[["],
]);

function readQuoted(line: string, start: number): Readonly<{ text: string; end: number }> | null {
  const quote = line[start];
  let text = "";
  for (let at = start + 1; at < line.length; at++) {
    const letter = line[at] ?? "";
    if (letter === quote) return { text, end: at };
    const next = line[at + 1] ?? "";
    if (letter === "\\" && quote === '"' && (next === '"' || next === "\\")) {
      text += next;
      at++;
    } else {
      text += letter;
    }
  }
  return null;
}

/** Reads words letter by letter; gives up at the first thing that a shell alone understands. */
function split(line: string, lookUp: (name: string) => string | null): readonly string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let isDouble = false;
  for (let at = 0; at < line.length; at++) {
    const letter = line[at] ?? "";
    if (letter === "\\") {
      const next = line[at + 1] ?? "";
      const isKept = isDouble && !'"\\$`'.includes(next);
      if (next === "\n" || next === "" || line.startsWith("${", at + 1)) return null;
      word = (word ?? "") + literal(isKept ? `\\${next}` : next);
      at++;
    } else if (letter === '"') {
      isDouble = !isDouble;
      word ??= "";
    } else if (letter === "'" && !isDouble) {
      const end = line.indexOf("'", at + 1);
      if (end === -1) return null;
      word = (word ?? "") + literal(line.slice(at + 1, end));
      at = end;
    } else if (letter === "$") {
      const found = VARIABLE.exec(line.slice(at));
      const text = found === null ? null : variable(found, isDouble, lookUp);
      if (found === null || text === null) return null;
      word = (word ?? "") + text;
      at += found[0].length - 1;
    } else if (!isDouble && /\s/.test(letter)) {
      if (letter === "\n") return null;
      if (word !== null) words.push(word);
      word = null;
    } else if (letter === "`" || (!isDouble && (META.includes(letter) || (word === null && "#~".includes(letter))))) {
      return null;
    } else {
      word = (word ?? "") + literal(letter);
    }
  }
  if (isDouble) return null;
  return word === null ? words : [...words, word];
}

const META = "|&;<>()*?[{";
const VARIABLE = /^\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?::-([A-Za-z0-9_./:@-]*))?\})/;

function variable(found: RegExpExecArray, isQuoted: boolean, lookUp: (name: string) => string | null): string | null {
  const [, plain, braced, fallback] = found;
  const name = plain ?? braced ?? "";
  if (fallback !== undefined) return `\${${name}:-${fallback}}`;
  const value = lookUp(name);
  // What holds white space or a pattern a shell would split and fill in.
  return value === null || (!isQuoted && (value === "" || /[\s*?[]/.test(value))) ? null : `\${${name}}`;
}
