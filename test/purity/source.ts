import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** One file of the project. Shape: `{ path: "supervisor/core/step.ts", text: "import …" }`, the path from the project's root. */
export type Source = Readonly<{ path: string; text: string }>;

/** Reads every file of the project but what version control leaves out, in the order of their names. */
export function readSources(root: string, folder = ""): readonly Source[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry): readonly Source[] => {
      const path = posix.join(folder, entry.name);
      if (LEFT_OUT.test(entry.name) || path === "data" || path === "dist") return [];
      if (entry.isDirectory()) return readSources(root, path);
      return entry.isFile() && !path.startsWith("package-lock") ? readOne(root, path) : [];
    });
}

const LEFT_OUT = /^(?:node_modules|\.git|\.supervisor|.*\.log)$/;

/** A test that runs at the same time may take its file away between the listing and the reading. */
function readOne(root: string, path: string): readonly Source[] {
  try {
    return [{ path, text: readFileSync(join(root, path), "utf8") }];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
