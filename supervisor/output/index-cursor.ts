import { fstatSync, readSync } from "node:fs";
import { decodeRecord, type Mark, type Origin, RECORD_BYTES, STRETCH_BYTES } from "./index-record.ts";

/** What an index says of a piece of text. */
export type Said = Readonly<{ mark: Mark; origin: Origin | null }>;

/** A piece of text that one mark covers; null when none does. */
export type Slice = Readonly<{ bytes: Uint8Array; said: Said | null }>;

/**
 * Goes through an index along with the text that it is about.
 * Why the order of reading matters: a stretch is noted before it is written, so whoever read the text first finds its note.
 */
export class IndexCursor {
  readonly #fd: number;
  readonly #buffer = new Uint8Array(STRETCH_BYTES);
  readonly #view = new DataView(this.#buffer.buffer);
  /** What has been read of the buffer, and where in the index it began. */
  #filledBytes = 0;
  #takenBytes = 0;
  #at = 0;
  readonly #origins = new Map<number, Origin>();
  #current: Said | null = null;
  #next: Said | null = null;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Goes to where the text at `offset` is spoken of, by halving the index stretch by stretch. */
  seek(offset: number): void {
    const stretches = Math.ceil(fstatSync(this.#fd).size / STRETCH_BYTES);
    let low = 0;
    for (let high = stretches - 1; low < high; ) {
      const middle = Math.ceil((low + high) / 2);
      this.#restart(middle);
      const first = this.#readMark();
      if (first && first.mark.offset <= offset) low = middle;
      else high = middle - 1;
    }
    this.#restart(low);
  }

  /** Takes a block of the text apart. Blocks must come in the order of their offsets. */
  cut(offset: number, bytes: Uint8Array): readonly Slice[] {
    const slices: Slice[] = [];
    for (let at = 0; at < bytes.length; ) {
      this.#advance(offset + at);
      const end = Math.min(bytes.length, (this.#next?.mark.offset ?? Infinity) - offset);
      slices.push({ bytes: bytes.subarray(at, end), said: this.#current });
      at = end;
    }
    return slices;
  }

  /** Takes every mark up to an offset; the last one of those holds. */
  #advance(offset: number): void {
    for (;;) {
      this.#next ??= this.#readMark();
      if (!this.#next || this.#next.mark.offset > offset) return;
      this.#current = this.#next;
      this.#next = null;
    }
  }

  #readMark(): Said | null {
    for (;;) {
      if (this.#takenBytes + RECORD_BYTES > this.#filledBytes && !this.#fill()) return null;
      const record = decodeRecord(this.#view, this.#takenBytes);
      this.#takenBytes += RECORD_BYTES;
      if (record?.tag === "origin") this.#origins.set(record.from, record.origin);
      if (record?.tag === "mark") return { mark: record, origin: this.#origins.get(record.from) ?? null };
    }
  }

  /** Reads on where whole records end. False: there is no further one now. */
  #fill(): boolean {
    this.#at += this.#takenBytes;
    this.#takenBytes = 0;
    this.#filledBytes = readSync(this.#fd, this.#buffer, 0, STRETCH_BYTES, this.#at);
    return this.#filledBytes >= RECORD_BYTES;
  }

  #restart(stretch: number): void {
    this.#at = stretch * STRETCH_BYTES;
    this.#takenBytes = 0;
    this.#filledBytes = 0;
    this.#origins.clear();
    this.#current = null;
    this.#next = null;
  }
}
