import { expand } from "../../unit/specifier.ts";
import type { Unit } from "../../unit/unit.ts";
import type { Lose } from "../loss.ts";
import { ROOT, STATE } from "./options.ts";

/** Fills in the templates of one unit for a container. What is known only where it runs stays, marked, until `render`. */
export type Filling = Readonly<{
  fill(key: string, template: string): string;
  /** Adds a variable for the templates that follow. */
  set(name: string, value: string): void;
  /** The variables that no file gives, in the order they were met. */
  needed: ReadonlySet<string>;
}>;

/** Makes the filling of one unit. A container inherits nobody's environment: of what a machine gives only PATH and HOME are there. */
export function createFilling(unit: Unit, lose: Lose): Filling {
  const variables: Record<string, string> = { ...IMAGE };
  const needed = new Set<string>();
  const context = { unit: unit.name, instance: 1, root: ROOT, stateDir: STATE };
  return {
    needed,
    set(name, value) {
      variables[name] = value;
    },
    fill(key, template) {
      for (const [, name = ""] of template.matchAll(DEFAULTED)) {
        if (!Object.hasOwn(variables, name))
          lose(key, `${name} is written as its default: nobody's environment is inherited`);
      }
      if (template.replaceAll("%%", "").includes("%i"))
        lose(key, "%i is written as 1: copies of a container have no number");
      const first = expand(template, { ...context, variables });
      if (first.ok) return first.value;
      for (const name of first.missing) needed.add(name);
      const marked = Object.fromEntries(first.missing.map((name) => [name, `\uE000${name}\uE001`]));
      const second = expand(template, { ...context, variables: { ...variables, ...marked } });
      return second.ok ? second.value : template;
    },
  };
}

/** Writes a filled text in a language of its own. Shape: `(name) => "$(" + name + ")"` for Kubernetes. */
export function render(
  text: string,
  variable: (name: string) => string,
  plain = (part: string): string => part,
): string {
  return text
    .split(MARKED)
    .map((part, index) => (index % 2 === 1 ? variable(part) : plain(part)))
    .join("");
}

/** Whether all of it is known. */
export const isKnown = (text: string): boolean => !text.includes("\uE000");

const IMAGE = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/home/nonroot" };
const DEFAULTED = /\$\{([A-Za-z_][A-Za-z0-9_]*):-/g;
/** Private-use characters around a name: no quoting rule touches them. */
const MARKED = /\uE000([A-Za-z0-9_]+)\uE001/;
