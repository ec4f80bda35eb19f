import { closeSync, fstatSync, openSync, statSync } from "node:fs";
import { libc } from "./libc.ts";

const LOCK_EX = 2;
const LOCK_NB = 4;

/** A lock that is held. It goes with the process, if not before. `isThere`: whether whoever comes next would meet it at its path. */
export type Lock = Readonly<{ isThere(): boolean; release(): void }>;

/**
 * Takes the lock that only one supervisor of a state directory can hold; null when another one holds it.
 * Why: a lock of the kernel goes with its process, however that ends; a pid file stays behind.
 * Source: flock(2).
 */
export function takeLock(path: string): Lock | null {
  const fd = openSync(path, "a", 0o600);
  if (libc.flock(fd, LOCK_EX | LOCK_NB) !== 0) {
    closeSync(fd);
    return null;
  }
  const { dev, ino } = fstatSync(fd);
  return {
    isThere() {
      const found = statSync(path, { throwIfNoEntry: false });
      return found?.dev === dev && found.ino === ino;
    },
    release: () => closeSync(fd),
  };
}
