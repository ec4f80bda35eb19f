import { randomBytes } from "node:crypto";
import type { AppendFile, Disk } from "./disk.ts";
import { readHead, readLast } from "./index-file.ts";
import {
  decodeRecord,
  encodeRecord,
  type Mark,
  NOBODY,
  type Origin,
  RECORD_BYTES,
  STRETCH_BYTES,
} from "./index-record.ts";

/**
 * Notes beside an output's file who wrote which stretch of it and when; a stretch is noted before it is written.
 *
 * Nothing is noted while the writer and the millisecond stay the same, unless it is a large block or one that begins in
 * a line: a flood costs at most a record of 32 bytes for each block that is read. Of those it is known where they begin,
 * of a small one that it does at the beginning of a line; whoever comes after a death needs that (see last-block.ts).
 * Errors: none reach the caller. What cannot be noted is kept, at most 8 KiB of it, and noted later; of what is more than
 * that nobody is said to be the writer.
 */
export class IndexWriter {
  readonly #disk: Disk;
  readonly #origins = new Map<number, Origin>();
  readonly #introduced = new Set<number>();
  #fd: number | null = null;
  #sizeBytes = 0;
  #last: Mark | null = null;
  #waiting: Uint8Array = new Uint8Array(0);

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  get sizeBytes(): number {
    return this.#sizeBytes + this.#waiting.length;
  }

  /** Goes on with the index at `path` when it is that of `file`, and begins a new one when not. */
  open(path: string, file: AppendFile): void {
    this.close();
    // Nothing was said of a file in which nothing is yet.
    const isOurs = file.sizeBytes > 0 && isIndexOf(path, file);
    const opened = this.#disk.openAppend(path, !isOurs);
    if ("code" in opened) return;
    this.#fd = opened.fd;
    this.#sizeBytes = opened.sizeBytes;
    const tornBytes = opened.sizeBytes % RECORD_BYTES;
    if (tornBytes > 0) this.#note(new Uint8Array(RECORD_BYTES - tornBytes));
    const { device, inode } = file;
    if (!isOurs) this.#note(encodeRecord({ tag: "head", id: randomBytes(12).toString("hex"), device, inode }));
  }

  /** Says who `from` is, from the next mark on. */
  name(from: number, origin: Origin): void {
    this.#origins.set(from, origin);
    this.#introduced.delete(from);
    if (this.#last?.from === from) this.#last = null;
  }

  forget(from: number): void {
    this.#origins.delete(from);
    this.#introduced.delete(from);
  }

  /** `isSmall`: at most 4 KiB of whole lines are written there. */
  mark(mark: Mark, isSmall: boolean): void {
    if (this.#fd === null || (isSmall && this.#last && goesWithout(this.#last, mark))) return;
    this.#last = mark;
    const roomBytes = STRETCH_BYTES - (this.sizeBytes % STRETCH_BYTES);
    if (roomBytes === STRETCH_BYTES) this.#introduced.clear();
    const origin = this.#origins.get(mark.from);
    const bytes = encodeRecord({ tag: "mark", ...mark });
    if (!origin || this.#introduced.has(mark.from)) {
      this.#note(bytes);
      return;
    }
    const introduction = encodeRecord({ tag: "origin", from: mark.from, origin });
    if (roomBytes === RECORD_BYTES) {
      // The last place of a stretch: an origin there does not reach its mark in the next one, and comes again.
      this.#note(introduction);
      this.#introduced.clear();
    }
    this.#introduced.add(mark.from);
    this.#note(Buffer.concat([introduction, bytes]));
  }

  close(): void {
    if (this.#fd !== null) this.#disk.close(this.#fd);
    this.#fd = null;
    this.#sizeBytes = 0;
    this.#waiting = new Uint8Array(0);
    this.#introduced.clear();
    this.#last = null;
  }

  #note(bytes: Uint8Array): void {
    if (this.#fd === null) return;
    let left = this.#waiting.length === 0 ? bytes : Buffer.concat([this.#waiting, bytes]);
    while (left.length > 0) {
      const written = this.#disk.write(this.#fd, left);
      if (typeof written !== "number") break;
      this.#sizeBytes += written;
      left = left.subarray(written);
    }
    this.#waiting = left.length > WAITING_BYTES ? this.#giveUp(left) : left.slice();
  }

  /** Keeps the rest of a record that was begun, and says of all that follows it that nobody is known to have written it. */
  #giveUp(left: Uint8Array): Uint8Array {
    const begunBytes = left.length % RECORD_BYTES;
    const first = firstMark(left.subarray(begunBytes)) ?? this.#last;
    this.#introduced.clear();
    this.#last = null;
    const { offset = 0, timeMs = 0 } = first ?? {};
    const unknown = { offset, timeMs, from: NOBODY, isBreak: false, continues: false, isRest: false };
    return Buffer.concat([left.subarray(0, begunBytes), encodeRecord({ tag: "mark", ...unknown })]);
  }
}

const WAITING_BYTES = 8 * 1024;

function goesWithout(last: Mark, mark: Mark): boolean {
  const isPlain = !last.isBreak && !mark.isBreak && !mark.continues;
  return isPlain && last.from === mark.from && last.timeMs === mark.timeMs;
}

function firstMark(bytes: Uint8Array): Mark | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length; at += RECORD_BYTES) {
    const record = decodeRecord(view, at);
    if (record?.tag === "mark") return record;
  }
  return null;
}

function isIndexOf(path: string, { inode, device, sizeBytes }: AppendFile): boolean {
  const head = readHead(path);
  if (head?.inode !== inode || head.device !== device) return false;
  const last = readLast(path);
  return last?.tag !== "mark" || last.offset <= sizeBytes;
}
