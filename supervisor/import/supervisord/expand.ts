import { literal } from "../template.ts";

/** What `%(NAME)s` stands for: a text as it is, or `null` when no unit can know it. */
export type Meaning = (name: string) => string | null;

/** The text with everything filled in, and the names of what could not be. */
export type Expanded = Readonly<{ text: string; unknown: readonly string[] }>;

/** Python's `%(NAME)s`, with its flags and width: `%(process_num)02d`. */
const EXPANSION = /%\(([A-Za-z0-9_]+)\)(?:(0?)(\d*)d|s)|%%/g;

/** Fills in `%(NAME)s`. Shape: ("web_%(process_num)02d", 3) → "web_03". What is not known stays as it is. Source: supervisor/options.py, expand. */
export function expand(text: string, meaning: Meaning): Expanded {
  const unknown: string[] = [];
  const filled = text.replace(EXPANSION, (all, name?: string, zero = "", width = "") => {
    if (name === undefined) return "%";
    const value = meaning(name);
    if (value === null) unknown.push(name);
    return value === null ? all : value.padStart(Number(width), zero === "" ? " " : "0");
  });
  return { text: filled, unknown };
}

/** The same for a value that a unit file takes as a template: `%(ENV_X)s` becomes `${X}`, which is filled in at the start. */
export function template(text: string, meaning: Meaning): Expanded {
  const variables: string[] = [];
  const mark = (name: string): string | null => {
    if (!name.startsWith("ENV_")) return meaning(name);
    variables.push(name.slice("ENV_".length));
    return `\uE000${variables.length - 1}\uE001`;
  };
  const { text: filled, unknown } = expand(text, mark);
  return {
    text: literal(filled).replace(/\uE000(\d+)\uE001/g, (_, index: string) => `\${${variables[Number(index)]}}`),
    unknown,
  };
}
