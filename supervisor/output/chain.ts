import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";

/** One file of an output, held open so that its identity stays its own. Shape of id: `64769:131`, device and inode. */
export type Link = Readonly<{ fd: number; id: string; sizeBytes: number; modifiedMs: number }>;

/**
 * Opens `path`, `path.1`, … up to the file `until` (which is left out), and answers with them, oldest first.
 *
 * `complete`: `until` was met, so that no file between is missing.
 * Why in ascending order: files only ever move to higher numbers. Whatever is rotated meanwhile is met twice, which
 * shows by its inode, and never skipped. During a rotation one number after another is vacant, so that a gap is no end.
 */
export function openChain(path: string, until: string | null): Readonly<{ links: readonly Link[]; complete: boolean }> {
  const links: Link[] = [];
  for (let number = 0, missing = 0; missing < MISSING_AT_END; number++) {
    const link = openLink(number === 0 ? path : `${path}.${number}`);
    if (link === null) {
      missing++;
      continue;
    }
    missing = 0;
    if (link.id === until) {
      closeSync(link.fd);
      return { links: links.reverse(), complete: true };
    }
    if (links.some((other) => other.id === link.id)) closeSync(link.fd);
    else links.push(link);
  }
  return { links: links.reverse(), complete: until === null };
}

/** Names the file that stands at `path` now, or null. */
export function idAt(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false });
  return found ? `${found.dev}:${found.ino}` : null;
}

/** Finds the offset behind the `lines`-th last line end in one file; counts down `lines` on the way. */
export function lineOffset(link: Link, lines: number): Readonly<{ offset: number; left: number }> {
  const block = new Uint8Array(BLOCK_BYTES);
  let left = lines;
  for (let end = link.sizeBytes; end > 0; ) {
    const start = Math.max(0, end - BLOCK_BYTES);
    const bytes = block.subarray(0, readSync(link.fd, block, 0, end - start, start));
    if (end === link.sizeBytes && bytes[bytes.length - 1] !== NEWLINE && --left === 0) return { offset: end, left };
    let at = bytes.length;
    while (at > 0 && left > 0) {
      at = bytes.lastIndexOf(NEWLINE, at - 1);
      if (at < 0) break;
      if (--left === 0) return { offset: start + at + 1, left };
    }
    end = start;
  }
  return { offset: 0, left };
}

const NEWLINE = 10;
const BLOCK_BYTES = 64 * 1024;
const MISSING_AT_END = 4;

function openLink(path: string): Link | null {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    return null; // It is not there (yet, or any more), or not ours to read: nothing to show in either case.
  }
  const { dev, ino, size, mtimeMs } = fstatSync(fd);
  return { fd, id: `${dev}:${ino}`, sizeBytes: size, modifiedMs: mtimeMs };
}
