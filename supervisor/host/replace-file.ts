import { renameSync, unlinkSync, writeFileSync } from "node:fs";

/**
 * Puts a content in the place of a file, all of it or nothing at all; for its owner alone (0600), unless told otherwise. Whoever has put a symbolic link in
 * the way loses the link. Errors: throws what `node:fs` throws.
 */
export function replaceFile(path: string, content: string | Uint8Array, mode = 0o600): void {
  const draft = `${path}.new`;
  try {
    writeFileSync(draft, content, { mode, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    unlinkSync(draft);
    writeFileSync(draft, content, { mode, flag: "wx" });
  }
  renameSync(draft, path);
}
