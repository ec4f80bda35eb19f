import { join, resolve } from "node:path";
import { nearest } from "../unit/nearest.ts";
import { parseSpan } from "../unit/span.ts";
import { type Flag, globalFlags, type Verb } from "./verb.ts";
import { verbs } from "./verbs.ts";

/** What the command line and the environment say, with every default filled in. */
export type Settings = Readonly<{
  verb: string;
  root: string;
  stateDir: string;
  json: boolean;
  quiet: boolean;
  verbose: boolean;
  colour: boolean;
  /** `null`: the verb's own default. */
  timeoutMs: number | null;
  args: readonly string[];
  /** By long name; `true` for a flag without a value. */
  flags: Flags;
}>;

export type Flags = Readonly<Record<string, string | true>>;

export type Parsed = Readonly<{ tag: "run"; verb: Verb; settings: Settings } | { tag: "misused"; message: string }>;

/**
 * Reads the command line. Flags may stand anywhere after the verb, global ones also before it; `--` ends them.
 * Shape: `--root=x`, `--root x`, `-n5`, `-n 5`, `-qf`.
 */
export function parseArguments(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Parsed {
  const words = readWords(argv);
  if (typeof words === "string") return { tag: "misused", message: words };
  const { verb, args, flags } = chooseVerb(words);
  if (verb === undefined) return { tag: "misused", message: "no verb is given; `supervisor help` lists them" };
  const timeoutMs = typeof flags.timeout === "string" ? parseSpan(flags.timeout) : null;
  if (flags.timeout !== undefined && timeoutMs === null) {
    return { tag: "misused", message: `--timeout: must be a span such as 30s, got '${flags.timeout}'` };
  }
  if (args.length < verb.least || args.length > verb.most || args.includes("")) {
    return { tag: "misused", message: `usage: supervisor ${verb.name} ${verb.operands}`.trimEnd() };
  }
  const root = resolve(String(flags.root ?? "."));
  const settings = {
    verb: verb.name,
    root,
    stateDir: stateDirectory(root, flags, env),
    json: flags.json === true,
    quiet: flags.quiet === true,
    verbose: flags.verbose === true,
    colour: flags["no-color"] === undefined && (env.NO_COLOR ?? "") === "",
    timeoutMs,
    args,
    flags,
  };
  return { tag: "run", verb, settings };
}

type Words = Readonly<{ verb: Verb | undefined; args: readonly string[]; flags: Flags }>;

/** Takes the words apart. A string says what is wrong with them. */
function readWords(argv: readonly string[]): Words | string {
  let verb: Verb | undefined;
  const args: string[] = [];
  const flags: Record<string, string | true> = {};
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") {
      if (verb !== undefined) return { verb, args: [...args, ...rest], flags };
    } else if (isFlag(word, verb)) {
      const fault = takeFlag(word, rest, flags, verb);
      if (fault !== null) return fault;
    } else if (verb === undefined) {
      verb = verbs.find((candidate) => candidate.name === word);
      if (verb === undefined)
        return unknown(
          "verb",
          word,
          nearest(
            word,
            verbs.map(({ name }) => name),
          ),
        );
    } else {
      args.push(word);
    }
  }
  return { verb, args, flags };
}

/** A verb takes a number below zero as an operand: `scale api -1`. */
function isFlag(word: string, verb: Verb | undefined): boolean {
  return word.startsWith("-") && word !== "-" && !(verb?.name === "scale" && /^-\d+$/.test(word));
}

/** Reads one word of flags, and its value from the rest when it has one. Gives what is wrong, or null. */
function takeFlag(word: string, rest: string[], into: Record<string, string | true>, verb: Verb | undefined) {
  const known = [...globalFlags, ...(verb?.flags ?? [])];
  const equals = word.indexOf("=");
  const head = word.startsWith("--") && equals > 0 ? word.slice(0, equals) : word;
  const inline = head === word ? null : word.slice(equals + 1);
  if (head.startsWith("--"))
    return set(
      known.find(({ name }) => `--${name}` === head),
      head,
      inline,
    );
  for (let at = 1; at < head.length; at++) {
    const flag = known.find(({ short }) => short === head[at]);
    const glued = head.slice(at + 1);
    if (flag?.value !== undefined) return set(flag, `-${head[at]}`, glued === "" ? null : glued);
    const fault = set(flag, `-${head[at]}`, null);
    if (fault !== null) return fault;
  }
  return null;

  function set(flag: Flag | undefined, shown: string, given: string | null): string | null {
    if (flag === undefined)
      return unknown(
        "flag",
        shown,
        nearest(
          shown,
          known.map(({ name }) => `--${name}`),
        ),
      );
    if (flag.value === undefined && given !== null) return `--${flag.name}: takes no value`;
    const value = flag.value === undefined ? true : (given ?? rest.shift());
    if (value === undefined || value === "") return `--${flag.name}: needs a value (${flag.value})`;
    into[flag.name] = value;
    return null;
  }
}

function unknown(kind: string, word: string, near: string | null): string {
  const hint = near === null ? "; `supervisor help` tells what there is" : `; did you mean '${near}'?`;
  return `unknown ${kind} '${word}'${hint}`;
}

/** `--help` and `--version` win over whatever verb stands beside them. */
function chooseVerb(words: Words): Words {
  const { verb, flags } = words;
  const named = (name: string) => verbs.find((candidate) => candidate.name === name);
  if (flags.help === true) return { verb: named("help"), args: verb === undefined ? [] : [verb.name], flags };
  if (flags.version === true) return { verb: named("version"), args: [], flags };
  return words;
}

/** systemd gives several state directories with colons between; the first is ours. */
function stateDirectory(root: string, flags: Flags, env: Readonly<Record<string, string | undefined>>): string {
  const told = flags.state ?? (env.SUPERVISOR_STATE || env.STATE_DIRECTORY?.split(":")[0] || "");
  return typeof told === "string" && told !== "" ? resolve(told) : join(root, ".supervisor");
}
