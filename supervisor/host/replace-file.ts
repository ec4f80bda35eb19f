import { renameSync, unlinkSync, writeFileSync } from "node:fs";

/**
 * Puts a text in the place of a file, all of it or nothing at all; for its owner alone (0600). Whoever has put a symbolic link in
 * the way loses the link. Errors: throws what `node:fs` throws.
 */
export function replaceFile(path: string, text: string): void {
  const draft = `${path}.new`;
  try {
    unlinkSync(draft);
  } catch {
    // There is none; whatever else is in the way tells the next step.
  }
  writeFileSync(draft, text, { mode: 0o600, flag: "wx" });
  renameSync(draft, path);
}
