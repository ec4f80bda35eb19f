import { closeSync, openSync } from "node:fs";
import { libc } from "./libc.ts";

const LOCK_EX = 2;
const LOCK_NB = 4;

/** A lock that is held. It goes with the process, if not before. */
export type Lock = Readonly<{ release(): void }>;

/**
 * Takes the lock that only one supervisor of a state directory can hold; null when another one holds it.
 * Why: a lock of the kernel goes with its process, however that ends; a pid file stays behind.
 * Source: flock(2).
 */
export function takeLock(path: string): Lock | null {
  const fd = openSync(path, "a", 0o600);
  if (libc.flock(fd, LOCK_EX | LOCK_NB) === 0) return { release: () => closeSync(fd) };
  closeSync(fd);
  return null;
}
