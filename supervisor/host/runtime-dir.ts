import { existsSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { leftBy, makeDirectory, memoryPlace } from "./in-memory.ts";
import { isLink } from "./links.ts";

const PREFIX = "supervisor-run-";

/** Where the sockets are that services report on and answer on. */
export type RuntimeDir = Readonly<{
  path: string;
  /** Removes it, with all that is in it. */
  remove(): void;
}>;

/**
 * `<state>/run`: a link to a directory in memory, where the machine has a file system there, else a directory on the disk.
 * Why: to make and to remove a socket on a disk takes longer than all else that a start does, and a full disk has no room for one.
 * Whatever an earlier supervisor has made there is gone on with.
 */
export function openRuntimeDir(stateDir: string, environ: NodeJS.ProcessEnv): RuntimeDir {
  const path = join(stateDir, "run");
  const place = memoryPlace(environ);
  try {
    // One to what went with the machine's last start, or somebody else's: nothing is made through that.
    if (isLink(path) && leftBy(path, PREFIX) === null) rmSync(path);
    if (place !== null && !existsSync(path)) symlinkSync(makeDirectory(place, PREFIX, 0o700), path);
  } catch {
    // Then they are made on the disk, or where that can only be read, each where it can.
  }
  // Known by now: the link may be deleted with its state directory.
  const inMemory = leftBy(path, PREFIX);
  return {
    path,
    remove() {
      if (inMemory !== null) rmSync(inMemory, { recursive: true, force: true });
      rmSync(path, { recursive: true, force: true });
    },
  };
}
