import { mkdtempSync, rmdirSync } from "node:fs";
import { join } from "node:path";

/**
 * Whether a folder can be made in this one, told by making one. It is gone before this returns.
 * Why: access(2) is not the same on both runtimes. Deno's goes by the mode alone, and so tells root that it may not.
 */
export function canMakeIn(folder: string): boolean {
  try {
    rmdirSync(mkdtempSync(join(folder, "doctor-")));
    return true;
  } catch {
    return false; // For whatever reason: the one who asks names the folder.
  }
}
