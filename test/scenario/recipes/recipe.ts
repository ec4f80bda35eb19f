import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { docsFolder } from "../../docs/page.ts";

/** The files that a recipe's page tells its reader to write, by name. */
export type Recipe = Readonly<{ units: Readonly<Record<string, string>>; files: Readonly<Record<string, string>> }>;

/**
 * Reads `docs/recipes/NAME.md`, so that the page itself is what is tested. A file is a line with its name alone, and a fenced
 * block. With `variant`, the files of the section with that heading take the place of those above.
 * Errors: throws when the page has no such section, or no unit file.
 */
export function readRecipe(name: string, variant: string | null = null): Recipe {
  const [whole = "", ...sections] = readFileSync(join(docsFolder, "recipes", `${name}.md`), "utf8").split(/^## /m);
  const section = variant === null ? "" : sections.find((text) => text.startsWith(`${variant}\n`));
  if (section === undefined) throw new Error(`${name}.md has no section "${variant}"`);
  const files = { ...filesOf(whole), ...filesOf(section) };
  const paths = Object.keys(files);
  const those = (isUnit: boolean) => paths.filter((path) => path.startsWith("units/") === isUnit);
  const units = those(true).map((path) => [basename(path), files[path] ?? ""] as const);
  if (units.length === 0) throw new Error(`${name}.md has no unit file`);
  return {
    units: Object.fromEntries(units),
    files: Object.fromEntries(those(false).map((path) => [path, files[path] ?? ""])),
  };
}

function filesOf(text: string): Readonly<Record<string, string>> {
  const found = text.matchAll(/^`([^`\n]+)`\n\n```\w+\n(.*?)^```$/gms);
  return Object.fromEntries([...found].map(([, path = "", inner = ""]) => [path, inner]));
}
