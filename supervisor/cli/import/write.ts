import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What came of writing: the paths, or those that are there already, and then nothing was written. */
export type Written = Readonly<
  { tag: "written"; paths: readonly string[] } | { tag: "there"; paths: readonly string[] }
>;

/** Writes files into a folder, which is made; over those that are there only when `force` says so. Shape: `{ "units/api.toml": "[service]…" }`. */
export function writeAll(folder: string, files: ReadonlyMap<string, string>, force: boolean): Written {
  const paths = [...files.keys()].map((name) => join(folder, name));
  const there = paths.filter((path) => existsSync(path));
  if (there.length > 0 && !force) return { tag: "there", paths: there };
  for (const [name, text] of files) {
    const path = join(folder, name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, text, { flag: force ? "w" : "wx" });
  }
  return { tag: "written", paths };
}
