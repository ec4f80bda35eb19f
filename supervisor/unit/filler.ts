import type { Fault } from "./fault.ts";
import { expand, type SpecifierContext } from "./specifier.ts";
import type { Unit } from "./unit.ts";

/** Fills in templates of one unit and gathers the faults on the way. */
export type Filler = Readonly<{
  /** The key is for the fault's place. A template that cannot be filled gives "" and a fault. */
  fill(key: string, template: string): string;
  /** Adds a variable for the templates that follow. */
  set(name: string, value: string): void;
  variables: Readonly<Record<string, string>>;
  faults: Fault[];
}>;

/** Makes a filler that starts from the variables of the context. Errors: placeholder-missing, one for each key, listing the names. */
export function filler(unit: Unit, context: Omit<SpecifierContext, "unit">): Filler {
  const variables: Record<string, string> = { ...context.variables };
  const faults: Fault[] = [];
  return {
    variables,
    faults,
    set(name, value) {
      variables[name] = value;
    },
    fill(key, template) {
      const filled = expand(template, { ...context, unit: unit.name, variables });
      if (filled.ok) return filled.value;
      const names = [...new Set(filled.missing)].map((name) => `\${${name}}`);
      const message = `${names.join(" and ")} ${names.length === 1 ? "is" : "are"} not set, and there is no default`;
      const at = { file: unit.file, key };
      faults.push({ code: "placeholder-missing", message, retry: "later", unit: unit.name, at });
      return "";
    },
  };
}
