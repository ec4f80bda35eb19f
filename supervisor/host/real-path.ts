import { realpathSync } from "node:fs";

/** Where a path leads to now, through links; the path itself when it leads nowhere. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Whoever uses the path says why it leads nowhere.
    return path;
  }
}
