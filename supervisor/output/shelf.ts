import type { Disk } from "./disk.ts";

/**
 * Names the files of one output. Number 0 is the one that is written, 1 the youngest full one.
 * Shape: `api.log`, `api.log.1`, compressed `api.log.1.gz`; with their indexes `api.log.index`, `api.log.1.index`.
 */
export const shelfPaths = {
  plain: (path: string, number: number): string => (number === 0 ? path : `${path}.${number}`),
  compressed: (path: string, number: number): string => `${shelfPaths.plain(path, number)}.gz`,
  index: (path: string, number: number): string => `${shelfPaths.plain(path, number)}.index`,
  /** The file that is about to become number 0, and its index. */
  fresh: (path: string): string => `${path}.new`,
  freshIndex: (path: string): string => `${path}.new.index`,
} as const;

/**
 * Puts the fresh file in the place of the one that is written, which becomes number 1, and so on; the oldest goes.
 * False: it did not come about, and number 0 is the one that was.
 * Why: the fresh file exists under another name before the first rename, the renames go from the oldest to the youngest,
 * each onto a free name, and only up to the first free one: whichever step fails, however often, no line is gone that
 * should be kept.
 */
export function shift(path: string, maxFiles: number, disk: Disk): boolean {
  for (let number = maxFiles + 1; remove(path, number, disk); number++);
  let free = 1;
  while (free < maxFiles && holds(path, free, disk)) free++;
  for (let number = Math.min(free, maxFiles); number > 0; number--) {
    if (!move(path, number - 1, { to: number, disk })) return false;
  }
  if (disk.rename(shelfPaths.fresh(path), path) === null) {
    moveIndex(shelfPaths.freshIndex(path), shelfPaths.index(path, 0), disk);
    return true;
  }
  if (maxFiles > 0) move(path, 1, { to: 0, disk });
  return false;
}

/**
 * Finishes what a death has cut off in a `shift`: a file that was moved without its index, which would be taken for no one's.
 * Why only one: they move one after the other.
 */
export function mend(path: string, disk: Disk): void {
  for (let number = 0, missing = 0; missing < MISSING_AT_END; number++) {
    const isThere = holds(path, number, disk);
    missing = isThere ? 0 : missing + 1;
    const [index, next] = [shelfPaths.index(path, number), shelfPaths.index(path, number + 1)];
    if (isThere || !holds(path, number + 1, disk) || !disk.exists(index) || disk.exists(next)) continue;
    disk.rename(index, next);
    return;
  }
}

/** How many numbers in a row are vacant behind the last: during a shift one after another is. */
export const MISSING_AT_END = 4;

function holds(path: string, number: number, disk: Disk): boolean {
  return disk.exists(shelfPaths.plain(path, number)) || disk.exists(shelfPaths.compressed(path, number));
}

function remove(path: string, number: number, disk: Disk): boolean {
  const forms = [shelfPaths.plain(path, number), shelfPaths.compressed(path, number)];
  const removed = forms.map((form) => disk.remove(form) === null);
  disk.remove(shelfPaths.index(path, number));
  return removed.includes(true);
}

/** Moves a file in whatever form it has. One that is not there is no fault. */
function move(path: string, number: number, { to, disk }: Readonly<{ to: number; disk: Disk }>): boolean {
  for (const form of [shelfPaths.plain, shelfPaths.compressed]) {
    const isThere = (number > 0 || form === shelfPaths.plain) && disk.exists(form(path, number));
    const error = isThere ? disk.rename(form(path, number), form(path, to)) : null;
    if (error && error.code !== "ENOENT") return false;
    // The oldest one in its other form, which would be taken for the file that comes in its place.
    if (!isThere && to > 0) disk.remove(form(path, to));
  }
  moveIndex(shelfPaths.index(path, number), shelfPaths.index(path, to), disk);
  return true;
}

/** An index without its file, or a file without its index, is no fault: the index says whose it is. */
function moveIndex(from: string, to: string, disk: Disk): void {
  if (disk.rename(from, to) !== null) disk.remove(to);
}
