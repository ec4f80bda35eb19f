import { type Fault, fail, type Outcome, ok } from "./fault.ts";
import { didYouMean } from "./nearest.ts";

/**
 * Gives the names that the patterns stand for, in the order of `names`, each once.
 * Shape: `["work*", "api@1"]`. `all` and globs (`*`, `?`) mean units; instances are met by name, or by a glob with an `@`.
 * `names` may hold instances (`api@2`) beside units; where it has none of a unit, `api@1` stands for `api`.
 * Errors: unit-unknown for each pattern that meets nothing, with the nearest name.
 */
export function match(patterns: readonly string[], names: readonly string[]): Outcome<readonly string[]> {
  const met = new Set<string>();
  const faults: Fault[] = [];
  for (const pattern of patterns) {
    const found = meets(pattern, names);
    for (const name of found) met.add(name);
    if (found.length === 0 && pattern !== "all") faults.push(unknown(pattern, names));
  }
  const [first, ...rest] = faults;
  return first === undefined ? ok(names.filter((name) => met.has(name))) : fail(first, ...rest);
}

function meets(pattern: string, names: readonly string[]): readonly string[] {
  if (names.includes(pattern)) return [pattern];
  if (pattern === "all") return names.filter((name) => !name.includes("@"));
  if (isGlob(pattern)) {
    return names.filter((name) => name.includes("@") === pattern.includes("@") && matchesGlob(pattern, name));
  }
  const [, unit = ""] = /^(.+)@1$/.exec(pattern) ?? [];
  const hasInstances = names.some((name) => name.startsWith(`${unit}@`));
  return names.includes(unit) && !hasInstances ? [unit] : [];
}

function unknown(pattern: string, names: readonly string[]): Fault {
  const [unit = "", instance] = pattern.split("@");
  const isKnownUnit = instance !== undefined && names.includes(unit);
  const message = isGlob(pattern)
    ? `no unit matches '${pattern}'`
    : isKnownUnit
      ? `unit "${unit}" has no instance ${instance}`
      : `there is no unit "${pattern}"${didYouMean(unit, names)}`;
  return { code: "unit-unknown", message, retry: "never", unit: pattern };
}

function isGlob(pattern: string): boolean {
  return /[*?]/.test(pattern);
}

/** Goes back to the last `*` only, so that no pattern can cost more than its length times the name's. */
function matchesGlob(pattern: string, name: string): boolean {
  let inPattern = 0;
  let inName = 0;
  let star = -1;
  let starName = 0;
  while (inName < name.length) {
    const wanted = pattern[inPattern];
    if (wanted === "*") {
      star = inPattern++;
      starName = inName;
    } else if (wanted === "?" || wanted === name[inName]) {
      inPattern++;
      inName++;
    } else if (star >= 0) {
      inPattern = star + 1;
      inName = ++starName;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(inPattern));
}
