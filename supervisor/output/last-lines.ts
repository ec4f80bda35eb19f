import { readSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Link, lineOffset } from "./chain.ts";
import { IndexCursor, type Slice } from "./index-cursor.ts";
import { LineCut } from "./line-cut.ts";
import type { LogFilter } from "./log-filter.ts";
import type { Place } from "./trail.ts";
import { unpack } from "./unpack.ts";

/** Where to begin, and how many lines that match come from there: with those before the `lines` wanted ones, if it was cheaper so. */
export type Beginning = Readonly<{ place: Place; matches: number }>;

export type Search = Readonly<{ lines: number; filter: LogFilter | null; signal: AbortSignal }>;

/**
 * Finds where the last `lines` lines that match begin. It looks at ever larger stretches from the end on, so that the last
 * lines of a large output cost little; what is compressed is unpacked only when the younger files have too few.
 * Shape: null when there is no file. A line that was broken is looked for back to its beginning.
 */
export async function findLast(links: readonly Link[], search: Search): Promise<Beginning | null> {
  const { lines } = search;
  const last = links.at(-1);
  if (!last) return null;
  let matches = 0;
  let place: Place = { link: last, offset: last.sizeBytes };
  if (lines === 0) return { place, matches };
  const headless = new Set<number>();
  for (const link of links.toReversed()) {
    let end = link.sizeBytes;
    for (let looked = lines + 1; end > 0; looked *= GROWTH) {
      const offset = link.isCompressed ? 0 : lineOffset(link, looked + 1).offset;
      const cut = await scan(link, { start: offset, end }, search);
      matches += cut.found;
      place = { link, offset };
      for (const from of cut.broken) headless.delete(from);
      for (const from of cut.headless) headless.add(from);
      if (matches > lines && headless.size === 0) return { place, matches };
      end = offset;
    }
  }
  return { place, matches };
}

const GROWTH = 8;
const NEWLINE = 10;
const BLOCK_BYTES = 64 * 1024;

type Scanned = Readonly<{ found: number; broken: Iterable<number>; headless: Iterable<number> }>;

type Range = Readonly<{ start: number; end: number }>;

/** Counts the lines that match and end in a range; whoever else runs in this process has its turn between two blocks. */
async function scan(link: Link, range: Range, { filter, signal }: Search): Promise<Scanned> {
  let found = 0;
  const cut = new LineCut((bytes, said) => {
    if (!filter || filter(said)) found += newlines(bytes) + 1;
  });
  for await (const slices of slicesOf(link, range)) {
    for (const slice of slices) cut.take(slice);
    if (signal.aborted) break;
    await nextTurn();
  }
  // A line that is broken at the end is counted where it goes on.
  const broken = [...cut.broken];
  cut.endLine();
  return { found, broken, headless: cut.headless };
}

function newlines(bytes: Uint8Array): number {
  let found = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) found++;
  return found;
}

async function* slicesOf(link: Link, { start, end }: Range): AsyncGenerator<readonly Slice[]> {
  const cursor = link.indexFd === null ? null : new IndexCursor(link.indexFd);
  cursor?.seek(start);
  let offset = start;
  for await (const bytes of link.isCompressed ? unpack(link.fd) : blocksOf(link, { start, end })) {
    yield cursor?.cut(offset, bytes) ?? [{ bytes, said: null }];
    offset += bytes.length;
  }
}

function* blocksOf(link: Link, { start, end }: Range): Generator<Uint8Array> {
  const block = new Uint8Array(BLOCK_BYTES);
  for (let at = start; at < end; ) {
    const size = readSync(link.fd, block, 0, Math.min(BLOCK_BYTES, end - at), at);
    if (size === 0) return;
    yield block.subarray(0, size);
    at += size;
  }
}
