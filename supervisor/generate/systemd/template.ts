import { resolvePath } from "../../unit/path.ts";
import { expand, type SpecifierContext } from "../../unit/specifier.ts";
import { ignoresFailure, withoutTolerance } from "../../unit/tolerance.ts";
import type { Argv, Unit } from "../../unit/unit.ts";
import type { Loss } from "../loss.ts";
import type { SystemdOptions } from "./options.ts";
import { argument, word } from "./text.ts";

/** Fills in the templates of one unit and remembers what could not be filled in. */
export type Template = Readonly<{
  /** The text with all known, or `null` and a loss: for values in which systemd knows no variables. */
  literal(key: string, text: string): string | null;
  /** The same, made absolute below the root. */
  path(key: string, text: string): string | null;
  /** Arguments of a command, in which systemd fills in variables itself. */
  args(key: string, args: readonly string[]): readonly string[];
  /** A whole command line, or `null` and a loss when systemd cannot run its program. */
  command(key: string, argv: Argv): string | null;
  lose(key: string, why: string): void;
}>;

/**
 * Makes the template of one unit.
 * Why: systemd has `${VAR}` in arguments only, and no default for it; `%n` and `%i` mean other things there. So all that is
 * known now is written out, and a variable stays one only in an argument.
 */
export function createTemplate(unit: Unit, options: SystemdOptions, losses: Loss[]): Template {
  const lose = (key: string, why: string): void => void losses.push({ unit: unit.name, key, why });
  const loseDefaults = (key: string, text: string): void => {
    const names = [...text.matchAll(DEFAULTED)].map(([, name]) => name ?? "");
    for (const name of names.filter((each) => !Object.hasOwn(unit.service.environment, each))) {
      lose(key, `${name} is written as its default: systemd has no \`\${VAR:-default}\``);
    }
  };
  const context: SpecifierContext = {
    unit: unit.name,
    instance: 1,
    root: options.root,
    stateDir: options.stateDir,
    variables: constants(unit.service.environment),
  };

  function literal(key: string, text: string): string | null {
    loseDefaults(key, text);
    const expansion = expand(text, context);
    if (expansion.ok) return expansion.value;
    lose(
      key,
      `left out: systemd knows no variable here, and ${expansion.missing.join(", ")} has no fixed value in the unit`,
    );
    return null;
  }
  function path(key: string, text: string): string | null {
    const value = literal(key, text);
    return value === null ? null : resolvePath(options.root, value);
  }
  function args(key: string, texts: readonly string[]): readonly string[] {
    for (const text of texts) loseDefaults(key, text);
    const isBare = (text: string): boolean => BESIDES_MAIN.test(key) && BARE.test(text);
    return texts.map((text) => (isBare(text) ? text : variableArgument(text, context, unit.service.environment)));
  }
  function command(key: string, argv: Argv): string | null {
    const [program, ...rest] = withoutTolerance(argv);
    const found = literal(key, program);
    if (found === null) return null;
    const runs = found.includes("/") ? resolvePath(options.root, found) : found;
    if (UNSAFE.test(runs)) {
      lose(key, "left out: systemd runs no program whose path has a quote, a backslash or a control character");
      return null;
    }
    return [`${ignoresFailure(argv) ? "-" : ""}${word(runs)}`, ...args(key, rest)].join(" ");
  }
  return { literal, path, args, command, lose };
}

/** Writes `key=value` for every variable whose value is known. */
export function environmentWords(environment: Readonly<Record<string, string>>, template: Template): string {
  return Object.entries(environment)
    .map(([name, text]) => ({ name, value: template.literal(`service.environment.${name}`, text) }))
    .filter(({ value }) => value !== null)
    .map(({ name, value }) => word(`${name}=${value}`))
    .join(" ");
}

/** The variables whose value holds no placeholder; the others cannot be known before the start. */
function constants(environment: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => !/[$%]/.test(value)));
}

/** An argument: a variable of the unit, or one without a default, stays a variable that systemd fills in at the start. */
function variableArgument(text: string, context: SpecifierContext, own: Readonly<Record<string, string>>): string {
  const marked = Object.fromEntries(Object.keys(own).map((name) => [name, mark(name)]));
  const first = expand(text, { ...context, variables: marked });
  if (!first.ok) for (const name of first.missing) marked[name] = mark(name);
  const second = first.ok ? first : expand(text, { ...context, variables: marked });
  const value = second.ok ? second.value : text;
  return argument(value).replace(MARKED, "$${$1}");
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to refuse.
const UNSAFE = /["'\\\u0000-\u001f\u007f]/;
/** The commands for which the service manager sets variables, and these: both supervisors read them alike. */
const BESIDES_MAIN = /^service\.exec_(?:start_pre|start_post|reload|stop|stop_post)$/;
const BARE = /^\$(?:MAINPID|SERVICE_RESULT|EXIT_CODE|EXIT_STATUS)$/;
const DEFAULTED = /\$\{([A-Za-z_][A-Za-z0-9_]*):-/g;

/** Private-use characters around a name: no quoting rule touches them. */
const mark = (name: string): string => `\uE000${name}\uE001`;
const MARKED = /\uE000([A-Za-z0-9_]+)\uE001/g;
