import { closeSync, openSync } from "node:fs";
import { errno, errnoText, libc } from "./libc.ts";

/**
 * Puts everything on the disk that was written to the file system of a path. Why not file by file: a tree has thousands, and each
 * would wait for the disk alone. Errors: throws what the kernel says. Source: syncfs(2).
 */
export function syncFileSystem(path: string): void {
  const fd = openSync(path, "r");
  try {
    if (libc.syncfs(fd) !== 0) throw new Error(`${path}: ${errnoText(errno())}`);
  } finally {
    closeSync(fd);
  }
}
