import { closeSync, fstatSync, readSync, statSync } from "node:fs";
import { headOf, lastOf, openQuietly } from "./index-file.ts";
import { MISSING_AT_END, shelfPaths } from "./shelf.ts";

/** One file of an output, held open, with its index, so that its identity stays its own. */
export type Link = Readonly<{
  fd: number;
  /** Null: there is no index that is its own. */
  indexFd: number | null;
  /** What its index calls it, which outlives its compression; without an index, its inode. */
  id: string;
  /** Shape: `64769:131`, device and inode. */
  inode: string;
  isCompressed: boolean;
  /** Of the text; `Infinity` of a compressed one, whose size nobody needs. */
  sizeBytes: number;
  modifiedMs: number;
}>;

/**
 * Opens number 0, 1, … of an output up to the file `until` (which is left out), and answers with them, oldest first.
 *
 * `complete`: `until` was met, so that no file between is missing.
 * Why in ascending order: files only ever move to higher numbers. Whatever is rotated meanwhile is met again, which
 * shows by its identity, and never skipped. During a rotation one number after another is vacant, so that a gap is no end.
 */
export function openChain(path: string, until: Link | null): Readonly<{ links: readonly Link[]; complete: boolean }> {
  const links: Link[] = [];
  for (let number = 0, missing = 0; missing < MISSING_AT_END; number++) {
    const link = openLink(path, number);
    if (link === null) {
      missing++;
      continue;
    }
    missing = 0;
    if (until !== null && isSame(link, until)) {
      closeLink(link);
      return { links: links.reverse(), complete: true };
    }
    const met = links.findIndex((other) => isSame(other, link));
    // Met again: others have come before it since, and where it stands now is its place among them.
    for (const again of met < 0 ? [] : links.splice(met, 1)) closeLink(again);
    links.push(link);
  }
  return { links: links.reverse(), complete: until === null };
}

export function closeLink({ fd, indexFd }: Link): void {
  closeSync(fd);
  if (indexFd !== null) closeSync(indexFd);
}

/** Names the inode that stands at `path` now, or null. */
export function inodeAt(path: string): string | null {
  const found = statSync(path, { throwIfNoEntry: false });
  return found ? `${found.dev}:${found.ino}` : null;
}

/** Finds the offset behind the `lines`-th last line end in a plain file; counts down `lines` on the way. */
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
/** The checksum and the size of the text, at the end of every gzip file. Source: RFC 1952. */
const TRAILER_BYTES = 8;

/** Both are held open, so that the kernel cannot have given the inode of one to the other. */
function isSame(link: Link, other: Link): boolean {
  return link.id === other.id || (!link.isCompressed && !other.isCompressed && link.inode === other.inode);
}

/** A plain file stands before a compressed one of the same number: the latter is about to take its place. */
function openLink(path: string, number: number): Link | null {
  const plainFd = openQuietly(shelfPaths.plain(path, number));
  const isCompressed = plainFd === null && number > 0;
  const fd = isCompressed ? openQuietly(shelfPaths.compressed(path, number)) : plainFd;
  if (fd === null) return null;
  const { dev, ino, size, mtimeMs } = fstatSync(fd);
  const inode = `${dev}:${ino}`;
  const index = openIndex(path, number, (indexFd) =>
    isCompressed ? sealOf(indexFd) === trailerOf(fd, size) : inodeOf(indexFd) === inode,
  );
  const sizeBytes = isCompressed ? Infinity : size;
  return {
    fd,
    indexFd: index?.fd ?? null,
    id: index?.id ?? inode,
    inode,
    isCompressed,
    sizeBytes,
    modifiedMs: mtimeMs,
  };
}

/** The index follows its file in a rotation: for a moment it stands under the number before. */
function openIndex(path: string, number: number, isOwn: (fd: number) => boolean): { fd: number; id: string } | null {
  for (const at of number > 0 ? [number, number - 1] : [number]) {
    const fd = openQuietly(shelfPaths.index(path, at));
    if (fd === null) continue;
    const head = headOf(fd);
    if (head && isOwn(fd)) return { fd, id: head.id };
    closeSync(fd);
  }
  return null;
}

function inodeOf(indexFd: number): string | null {
  const head = headOf(indexFd);
  return head && `${head.device}:${head.inode}`;
}

function sealOf(indexFd: number): string | null {
  const last = lastOf(indexFd);
  return last?.tag === "seal" ? last.trailer : null;
}

function trailerOf(fd: number, sizeBytes: number): string {
  const bytes = new Uint8Array(TRAILER_BYTES);
  readSync(fd, bytes, 0, TRAILER_BYTES, Math.max(0, sizeBytes - TRAILER_BYTES));
  return Buffer.from(bytes).toString("hex");
}
