import type { AppendFile, Disk, DiskError } from "./disk.ts";
import { NOBODY, type Origin } from "./index-record.ts";
import { IndexWriter } from "./index-writer.ts";
import { shelfPaths, shift } from "./shelf.ts";

export type RotationLimits = Readonly<{
  maxSizeBytes: number;
  /** `Infinity`: never by age. */
  maxAgeMs: number;
  /** How many full files are kept beside the one that is written. */
  maxFiles: number;
}>;

export type RotationWorld = Readonly<{
  disk: Disk;
  wall: () => Date;
  /** Called after each rotation. */
  rotated?: () => void;
}>;

/**
 * One unit's output file: `api.log`, and the full ones `api.log.1` (the youngest) to `api.log.N`, each with its index.
 *
 * A file is full at the end of a line. Many writers share it: a line that one left open is ended before another begins,
 * and a line that is in progress may take the file at most 1 MiB over its size.
 * Errors: none reach the caller. What cannot be written is dropped and counted, and once writing works again the file
 * says so itself. A rotation that fails loses nothing: the file grows until one succeeds.
 */
export class RotatingFile {
  readonly #path: string;
  readonly #disk: Disk;
  readonly #wall: () => Date;
  readonly #rotated: () => void;
  readonly #index: IndexWriter;
  #limits: RotationLimits;
  #file: AppendFile | null = null;
  #sizeBytes = 0;
  #bornMs = 0;
  /** Whose line is open at the end of the file. */
  #midLine: number | null = null;
  /** Whose line was ended for another's sake, and is to go on. */
  readonly #broken = new Set<number>();
  #lost: { lines: number; error: DiskError } | null = null;
  #droppedLines = 0;

  constructor(path: string, limits: RotationLimits, world: RotationWorld) {
    this.#path = path;
    this.#limits = limits;
    this.#disk = world.disk;
    this.#wall = world.wall;
    this.#rotated = world.rotated ?? (() => {});
    this.#index = new IndexWriter(world.disk);
  }

  /** Opens the file anew, for instance after somebody else moved it. On an error the one already open stays in use. */
  reopen(): DiskError | null {
    const opened = this.#disk.openAppend(this.#path, false);
    if ("code" in opened) return opened;
    if (this.#file) this.#endLine();
    this.#adopt(opened);
    this.#index.open(shelfPaths.index(this.#path, 0), opened);
    return null;
  }

  /** Opens the file anew if somebody else has moved, removed or emptied it: for a pause between two writers. */
  revisit(): void {
    if (this.#file && this.#disk.sizeOf(this.#path, this.#file) !== this.#sizeBytes) this.reopen();
  }

  /** Says who a writer is, for whoever reads. */
  name(from: number, origin: Origin): void {
    this.#index.name(from, origin);
  }

  /** A writer of a former life goes on, whose last line has no end. `isAtEnd`: it is the last one of the file. */
  goOn(from: number, isAtEnd: boolean): void {
    if (isAtEnd && this.#midLine === NOBODY) this.#midLine = from;
    else this.#broken.add(from);
  }

  /** A writer is gone. */
  forget(from: number): void {
    this.#index.forget(from);
    this.#broken.delete(from);
  }

  /** Changes the limits from the next write on. */
  limit(limits: RotationLimits): void {
    this.#limits = limits;
  }

  /** `from` tells the writers apart; bytes that do not end with a newline leave a line open for it. */
  write(from: number, bytes: Uint8Array): void {
    this.#drop(this.#ready(from) ? this.#fill(from, bytes) : bytes);
  }

  close(): void {
    if (this.#lost) this.#confess();
    this.#endLine();
    if (this.#file) this.#disk.close(this.#file.fd);
    this.#index.close();
    this.#file = null;
    this.#midLine = null;
  }

  /** Whether the file stands where this writer may go on. */
  #ready(from: number): boolean {
    if (!this.#file) {
      const error = this.reopen();
      if (error) {
        this.#lost ??= { lines: 0, error };
        return false;
      }
    }
    if (this.#lost && !this.#confess()) return false;
    return this.#midLine === from || this.#endLine();
  }

  /** Writes file by file; answers with what could not be written. */
  #fill(from: number, bytes: Uint8Array): Uint8Array {
    if (this.#midLine === null && (this.#isOld() || this.#isIndexFull())) this.#rotate();
    let rest = bytes;
    while (rest.length > 0) {
      const fitting = this.#fitting(from, rest) || (this.#rotate() ? this.#fitting(from, rest) : rest.length);
      const written = this.#put(from, rest.subarray(0, fitting), rest !== bytes);
      rest = rest.subarray(written);
      if (written < fitting) break;
    }
    return rest;
  }

  #isOld(): boolean {
    return this.#sizeBytes > 0 && this.#wall().getTime() - this.#bornMs >= this.#limits.maxAgeMs;
  }

  /** Why a bound: many tiny lines take more room in the index than in the file. */
  #isIndexFull(): boolean {
    return this.#index.sizeBytes >= Math.max(this.#limits.maxSizeBytes, MIN_INDEX_BYTES);
  }

  /** How many of the bytes belong into this file: up to the end of a line, or none. */
  #fitting(from: number, bytes: Uint8Array): number {
    const roomBytes = this.#limits.maxSizeBytes - this.#sizeBytes;
    if (bytes.length <= roomBytes) return bytes.length;
    const whole = roomBytes > 0 ? bytes.lastIndexOf(NEWLINE, roomBytes - 1) + 1 : 0;
    if (whole > 0) return whole;
    const firstLine = bytes.indexOf(NEWLINE) + 1 || bytes.length;
    if (this.#sizeBytes === 0) return firstLine;
    return this.#midLine === from && firstLine <= roomBytes + OVERRUN_BYTES ? firstLine : 0;
  }

  /** Makes room: the file becomes number 1, and so on; see `shift`. */
  #rotate(): boolean {
    if (!this.#endLine()) return false;
    const fresh = this.#disk.openAppend(shelfPaths.fresh(this.#path), true);
    if ("code" in fresh) return false;
    if (!shift(this.#path, this.#limits.maxFiles, this.#disk)) {
      this.#disk.close(fresh.fd);
      this.#disk.remove(shelfPaths.fresh(this.#path));
      return false;
    }
    this.#adopt(fresh);
    this.#index.open(shelfPaths.index(this.#path, 0), fresh);
    this.#rotated();
    return true;
  }

  #adopt(opened: AppendFile): void {
    if (this.#file) this.#disk.close(this.#file.fd);
    this.#file = opened;
    this.#sizeBytes = opened.sizeBytes;
    this.#bornMs = opened.sizeBytes === 0 ? this.#wall().getTime() : opened.bornMs;
    this.#midLine = opened.midLine ? NOBODY : null;
  }

  /** Ends the line that somebody left open; he goes on with it when he writes again. */
  #endLine(): boolean {
    const from = this.#midLine;
    if (from === null) return true;
    if (this.#append(NOBODY, LINE_END, { isBreak: true, isRest: false }) < 1) return false;
    if (from !== NOBODY) this.#broken.add(from);
    return true;
  }

  /** Answers with the number of bytes written; fewer than given means that something is lost. */
  #put(from: number, bytes: Uint8Array, isRest = false): number {
    return bytes.length === 0 ? 0 : this.#append(from, bytes, { isBreak: false, isRest });
  }

  #append(
    from: number,
    bytes: Uint8Array,
    { isBreak, isRest }: Readonly<{ isBreak: boolean; isRest: boolean }>,
  ): number {
    const continues = !isBreak && this.#broken.delete(from);
    const timeMs = this.#wall().getTime();
    const isSmall = bytes.length <= SMALL_BYTES && this.#midLine !== from;
    this.#index.mark({ offset: this.#sizeBytes, timeMs, from, isBreak, continues, isRest }, isSmall);
    let done = 0;
    while (this.#file && done < bytes.length) {
      const written = this.#disk.write(this.#file.fd, done === 0 ? bytes : bytes.subarray(done));
      if (typeof written !== "number") {
        this.#lost ??= { lines: 0, error: written };
        break;
      }
      done += written;
      this.#sizeBytes += written;
      this.#midLine = bytes[done - 1] === NEWLINE ? null : from;
    }
    if (done === 0 && continues) this.#broken.add(from);
    return done;
  }

  #drop(bytes: Uint8Array): void {
    if (!this.#lost) return;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) {
      this.#lost.lines++;
      this.#droppedLines++;
    }
  }

  /** How many lines could not be written since it was opened. */
  get droppedLines(): number {
    return this.#droppedLines;
  }

  /** Tells in the file what was lost. False: writing does not work yet. */
  #confess(): boolean {
    const lost = this.#lost;
    if (!lost) return true;
    const lines = lost.lines > 1 ? `${lost.lines} lines` : "1 line";
    const notice = encoder.encode(`-- supervisor: ${lines} lost: ${lost.error.text} --\n`);
    if (!this.#endLine() || this.#put(NOBODY, notice) < notice.length) return false;
    this.#lost = null;
    return true;
  }
}

const NEWLINE = 10;
const LINE_END = Uint8Array.of(NEWLINE);
const SMALL_BYTES = 4096;
const OVERRUN_BYTES = 1024 * 1024;
const MIN_INDEX_BYTES = 64 * 1024;
const encoder = new TextEncoder();
