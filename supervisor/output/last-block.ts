import { readSync } from "node:fs";
import type { LogStream } from "../unit/log-entry.ts";
import { closeLink, type Link, openChain } from "./chain.ts";
import { IndexCursor, type Said } from "./index-cursor.ts";
import { invocationKey } from "./index-record.ts";
import { STAMP_BYTES } from "./stamp.ts";

/** What a writer of a former life appended last to its unit's output. */
export type LastBlock = Readonly<{
  /** Its number as a writer. */
  from: number;
  /**
   * What may have been appended and not have left its pipe, the longest first; without the stamps.
   *
   * Why more than one: of small blocks within a millisecond it is not noted where each began. A block is appended at once
   * and leaves the pipe at once, so that the one in doubt stands at the head of the pipe from its first byte on. Lines that
   * differ settle which one it was, if any; where lines are the same again and again, the longest is believed.
   */
  candidates: readonly Uint8Array[];
  /** Whether its last line has no end. */
  isMidLine: boolean;
  /** Whether that line is the last one of the file. */
  isAtEnd: boolean;
  /** How much of a stamp the last line has, when it has nothing else. */
  stampBytes: number;
}>;

export type Writer = Readonly<{ invocation: string; stream: LogStream }>;

/** Finds it, from the end of the unit's output on. Null: the index knows of nothing, so that nothing is in doubt. */
export function lastBlock(path: string, writer: Writer): LastBlock | null {
  const links = openChain(path, null).links;
  try {
    return found(links, { ...writer, invocation: invocationKey(writer.invocation) });
  } finally {
    for (const link of links) closeLink(link);
  }
}

const NEWLINE = 10;
/** How much is looked at of each file: a block and what others wrote since; if need be with a stamp for each of its lines, empty ones too. */
const WINDOWS_BYTES = [2 * 1024 * 1024, 16 * 1024 * 1024] as const;
/** Blocks that are larger are noted. */
const SMALL_BYTES = 4096;

function found(links: readonly Link[], writer: Writer): LastBlock | null {
  let pieces: readonly Piece[] = [];
  for (const windowBytes of WINDOWS_BYTES) {
    pieces = gather(links, writer, windowBytes);
    if (pieces[0]?.isBeginning) break;
  }
  return blockOf(pieces, isAtEnd(links, pieces));
}

/** The pieces of the block, the oldest first; the beginning is missing where it is outside of the window, or gone. */
function gather(links: readonly Link[], writer: Writer, windowBytes: number): readonly Piece[] {
  const pieces: Piece[] = [];
  for (const link of links.toReversed()) {
    if (link.isCompressed) break;
    for (const piece of piecesOf(link, writer, windowBytes).reverse()) {
      pieces.unshift(piece);
      if (piece.isBeginning) return pieces;
    }
    if (pieces.length > 0 && link.sizeBytes > windowBytes) break;
  }
  return pieces;
}

/** `isBeginning`: the block begins with it. `begunBytes`: so much of its first line stands before it; infinite where that was broken. */
type Piece = Readonly<{
  link: Link;
  end: number;
  bytes: Uint8Array;
  said: Said;
  isBeginning: boolean;
  begunBytes: number;
}>;

function piecesOf(link: Link, { invocation, stream }: Writer, windowBytes: number): Piece[] {
  if (link.indexFd === null) return [];
  const start = Math.max(0, link.sizeBytes - windowBytes);
  const text = new Uint8Array(link.sizeBytes - start);
  const size = readSync(link.fd, text, 0, text.length, start);
  const cursor = new IndexCursor(link.indexFd);
  cursor.seek(start);
  const pieces: Piece[] = [];
  let at = start;
  for (const { bytes, said } of cursor.cut(start, text.subarray(0, size))) {
    const isTheirs = said?.origin?.invocation === invocation && said.origin.stream === stream;
    if (said && isTheirs) {
      const isBeginning = said.mark.offset === at && !said.mark.isRest;
      const begunBytes = said.mark.continues ? Number.POSITIVE_INFINITY : openBefore(text, at - start);
      pieces.push({ link, end: at + bytes.length, bytes, said, isBeginning, begunBytes });
    }
    at += bytes.length;
  }
  return pieces;
}

/** How much of a line stands before this place. */
function openBefore(text: Uint8Array, at: number): number {
  return at === 0 ? 0 : at - (text.lastIndexOf(NEWLINE, at - 1) + 1);
}

function isAtEnd(links: readonly Link[], pieces: readonly Piece[]): boolean {
  const last = pieces.at(-1);
  return last?.link === links.at(-1) && last?.end === last?.link.sizeBytes;
}

function blockOf(pieces: readonly Piece[], isAtEnd: boolean): LastBlock | null {
  const [first, last] = [pieces.at(0), pieces.at(-1)];
  if (!first || !last) return null;
  const bytes = Buffer.concat(pieces.map((piece) => piece.bytes));
  const isStamped = first.said.origin?.isStamped === true;
  const text = isStamped ? withoutStamps(bytes, first.begunBytes) : bytes;
  const openAt = bytes.lastIndexOf(NEWLINE) + 1;
  const openBytes = bytes.length - openAt + (openAt === 0 ? first.begunBytes : 0);
  const isStampTorn = isStamped && openBytes < STAMP_BYTES;
  return {
    from: last.said.mark.from,
    candidates: candidatesOf(text),
    // Somebody else has ended a line that is nothing but a torn stamp: another one begins.
    isMidLine: openBytes > 0 && (isAtEnd || !isStampTorn),
    isAtEnd,
    stampBytes: isStampTorn && isAtEnd ? openBytes : 0,
  };
}

function candidatesOf(text: Uint8Array): readonly Uint8Array[] {
  const candidates = [text];
  const first = Math.max(0, text.length - SMALL_BYTES - 1);
  for (let at = text.indexOf(NEWLINE, first) + 1; at > 0 && at < text.length; at = text.indexOf(NEWLINE, at) + 1) {
    candidates.push(text.subarray(at));
  }
  return candidates;
}

/** `begunBytes`: of the first line, and with that of its stamp. */
function withoutStamps(bytes: Uint8Array, begunBytes: number): Uint8Array {
  const lines: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, at) + 1 || bytes.length;
    const stampBytes = Math.max(0, STAMP_BYTES - (at === 0 ? begunBytes : 0));
    lines.push(bytes.subarray(Math.min(at + stampBytes, end), end));
    at = end;
  }
  return Buffer.concat(lines);
}
