import { renameSync, unlinkSync, writeFileSync } from "node:fs";

/**
 * Puts a text in the place of a file, all of it or nothing at all; for its owner alone (0600). Whoever has put a symbolic link in
 * the way loses the link. Errors: throws what `node:fs` throws.
 */
export function replaceFile(path: string, text: string): void {
  const draft = `${path}.new`;
  try {
    write(draft, text);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    unlinkSync(draft);
    write(draft, text);
  }
  renameSync(draft, path);
}

function write(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600, flag: "wx" });
}
