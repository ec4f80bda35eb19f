import type { Path } from "./document.ts";
import { mapOf } from "./raw.ts";

/**
 * Finds lines in a program, of which only the outcome is known: a key that stands in its text as often as in its outcome has a line.
 * Shape: for the second of two apps that have `watch`, the line of the second `watch:`; undefined where the text has it once for both.
 */
export function linesBySight(text: string, value: unknown): (path: Path) => number | undefined {
  const lines = text.split("\n");
  return (path) => {
    const key = path.at(-1);
    if (typeof key !== "string") return undefined;
    const pattern = new RegExp(`(?<![\\w$.]|\\$\\{)["']?${key.replace(/[^A-Za-z0-9_]/g, "\\$&")}["']?\\s*[:,}]`);
    const seen = [...lines.entries()].flatMap(([index, line]) => (pattern.test(line) ? [index + 1] : []));
    const holders = holdersOf(value, key);
    return seen.length === holders.length ? seen[holders.indexOf(at(value, path.slice(0, -1)))] : undefined;
  };
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, step) => (Array.isArray(inner) ? inner[Number(step)] : mapOf(inner)[step]),
    value,
  );
}

/** The maps that have the key, in the order in which they stand. */
function holdersOf(value: unknown, key: string): readonly unknown[] {
  if (typeof value !== "object" || value === null) return [];
  const own = !Array.isArray(value) && Object.hasOwn(value, key) ? [value] : [];
  return [...own, ...Object.values(value).flatMap((inner) => holdersOf(inner, key))];
}
