import type { AppendFile, Disk, DiskError } from "./disk.ts";

export type RotationLimits = Readonly<{
  maxSizeBytes: number;
  /** `Infinity`: never by age. */
  maxAgeMs: number;
  /** How many full files are kept beside the one that is written. */
  maxFiles: number;
}>;

/**
 * One unit's output file: `api.log`, and the full ones `api.log.1` (the youngest) to `api.log.N`.
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
  #limits: RotationLimits;
  #file: AppendFile | null = null;
  #sizeBytes = 0;
  #bornMs = 0;
  /** Whose line is open at the end of the file. */
  #midLine: number | null = null;
  #lost: { lines: number; error: DiskError } | null = null;

  constructor(path: string, limits: RotationLimits, world: Readonly<{ disk: Disk; wall: () => Date }>) {
    this.#path = path;
    this.#limits = limits;
    this.#disk = world.disk;
    this.#wall = world.wall;
  }

  /** Opens the file anew, for instance after somebody else moved it. On an error the one already open stays in use. */
  reopen(): DiskError | null {
    const opened = this.#disk.openAppend(this.#path, false);
    if ("code" in opened) return opened;
    if (this.#file) this.#endLine();
    this.#adopt(opened);
    return null;
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
    if (this.#midLine === null && this.#isOld()) this.#rotate();
    let rest = bytes;
    while (rest.length > 0) {
      const fitting = this.#fitting(from, rest) || (this.#rotate() ? this.#fitting(from, rest) : rest.length);
      const written = this.#put(from, rest.subarray(0, fitting));
      rest = rest.subarray(written);
      if (written < fitting) break;
    }
    return rest;
  }

  #isOld(): boolean {
    return this.#sizeBytes > 0 && this.#wall().getTime() - this.#bornMs >= this.#limits.maxAgeMs;
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

  /**
   * Makes room: the file becomes `.1`, `.1` becomes `.2`, and so on; the oldest goes.
   * Why: the new file exists under another name before the first rename, the renames go from the oldest to the youngest,
   * each onto a free name, and only up to the first free one: whichever step fails, however often, no line is gone that
   * should be kept.
   */
  #rotate(): boolean {
    if (!this.#endLine()) return false;
    const fresh = this.#disk.openAppend(`${this.#path}.new`, true);
    if ("code" in fresh) return false;
    if (!this.#shift()) {
      this.#disk.close(fresh.fd);
      this.#disk.remove(`${this.#path}.new`);
      return false;
    }
    this.#adopt(fresh);
    return true;
  }

  #shift(): boolean {
    const { maxFiles } = this.#limits;
    for (let number = maxFiles + 1; this.#disk.remove(`${this.#path}.${number}`) === null; number++);
    let free = 1;
    while (free < maxFiles && this.#disk.exists(`${this.#path}.${free}`)) free++;
    for (let number = Math.min(free, maxFiles); number > 0; number--) {
      const from = number === 1 ? this.#path : `${this.#path}.${number - 1}`;
      const error = this.#disk.rename(from, `${this.#path}.${number}`);
      if (error && error.code !== "ENOENT") return false;
    }
    if (this.#disk.rename(`${this.#path}.new`, this.#path) === null) return true;
    if (maxFiles > 0) this.#disk.rename(`${this.#path}.1`, this.#path);
    return false;
  }

  #adopt(opened: AppendFile): void {
    if (this.#file) this.#disk.close(this.#file.fd);
    this.#file = opened;
    this.#sizeBytes = opened.sizeBytes;
    this.#bornMs = opened.sizeBytes === 0 ? this.#wall().getTime() : opened.bornMs;
    this.#midLine = opened.midLine ? NOBODY : null;
  }

  #endLine(): boolean {
    return this.#midLine === null || this.#put(NOBODY, LINE_END) === 1;
  }

  /** Answers with the number of bytes written; fewer than given means that something is lost. */
  #put(from: number, bytes: Uint8Array): number {
    let done = 0;
    while (this.#file && done < bytes.length) {
      const written = this.#disk.write(this.#file.fd, done === 0 ? bytes : bytes.subarray(done));
      if (typeof written !== "number") {
        this.#lost ??= { lines: 0, error: written };
        return done;
      }
      done += written;
      this.#sizeBytes += written;
      this.#midLine = bytes[done - 1] === NEWLINE ? null : from;
    }
    return done;
  }

  #drop(bytes: Uint8Array): void {
    if (!this.#lost) return;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) this.#lost.lines++;
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
const OVERRUN_BYTES = 1024 * 1024;
/** No writer's number: a line that nobody goes on with. */
const NOBODY = -1;
const encoder = new TextEncoder();
