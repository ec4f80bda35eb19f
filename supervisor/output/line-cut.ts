import type { Said, Slice } from "./index-cursor.ts";

/** Takes lines of one writer with newlines between them, and what was said of them; the bytes are valid until it returns. */
export type LineTaker = (bytes: Uint8Array, said: Said | null) => void;

/**
 * Cuts slices into lines. A line that was broken because another writer had to write is put together again.
 * Units: a line longer than 16 MiB is given in pieces; at most 64 broken lines are kept.
 */
export class LineCut {
  readonly #lines: LineTaker;
  #open: Open | null = null;
  /** By their writers. */
  readonly #broken = new Map<number, Open>();
  readonly #headless = new Set<number>();

  constructor(lines: LineTaker) {
    this.#lines = lines;
  }

  /** The writers of lines that were broken and have not gone on. */
  get broken(): Iterable<number> {
    return this.#broken.keys();
  }

  /** The writers of lines that went on without having begun. */
  get headless(): Iterable<number> {
    return this.#headless;
  }

  take({ bytes, said }: Slice): void {
    if (said?.mark.isBreak) {
      this.#break();
      if (bytes.length > 1) this.#cut(bytes.subarray(1), null);
      return;
    }
    if (said?.mark.continues) this.#resume(said.mark.from);
    this.#cut(bytes, said);
  }

  /** Gives everything that has no end. */
  end(): void {
    for (const open of this.#broken.values()) this.#give(open);
    this.#broken.clear();
    this.endLine();
  }

  /** Gives the last line although it has no end. */
  endLine(): void {
    if (this.#open) this.#give(this.#open);
    this.#open = null;
  }

  #cut(bytes: Uint8Array, said: Said | null): void {
    const end = bytes.indexOf(NEWLINE);
    let start = 0;
    if (this.#open && end >= 0) {
      this.#close(this.#open, bytes.subarray(0, end));
      start = end + 1;
    }
    const last = bytes.lastIndexOf(NEWLINE);
    if (last >= start) {
      this.#lines(bytes.subarray(start, last), said);
      start = last + 1;
    }
    if (start < bytes.length) this.#hold(bytes.subarray(start), said);
  }

  #close(open: Open, last: Uint8Array): void {
    this.#open = null;
    open.pieces.push(last);
    this.#give(open);
  }

  #hold(bytes: Uint8Array, said: Said | null): void {
    this.#open ??= { said, pieces: [], sizeBytes: 0 };
    this.#open.pieces.push(bytes.slice());
    this.#open.sizeBytes += bytes.length;
    if (this.#open.sizeBytes < MAX_BYTES) return;
    this.#give(this.#open);
    this.#open = null;
  }

  #break(): void {
    const open = this.#open;
    this.#open = null;
    if (!open) return;
    if (open.said && this.#broken.size < MAX_BROKEN) this.#broken.set(open.said.mark.from, open);
    else this.#give(open);
  }

  #resume(from: number): void {
    const broken = this.#broken.get(from);
    if (!broken) this.#headless.add(from);
    if (!broken || this.#open) return;
    this.#broken.delete(from);
    this.#open = broken;
  }

  #give({ pieces, said }: Open): void {
    this.#lines(pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces), said);
  }
}

type Open = { said: Said | null; pieces: Uint8Array[]; sizeBytes: number };

const NEWLINE = 10;
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_BROKEN = 64;
