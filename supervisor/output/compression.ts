import {
  appendFileSync,
  closeSync,
  createWriteStream,
  existsSync,
  fstatSync,
  readSync,
  renameSync,
  unlinkSync,
  utimesSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createGzip } from "node:zlib";
import { inodeAt } from "./chain.ts";
import { openQuietly, readHead } from "./index-file.ts";
import { encodeRecord } from "./index-record.ts";
import { MISSING_AT_END, shelfPaths } from "./shelf.ts";

/**
 * Compresses full files, `api.log.1` into `api.log.1.gz`, one at a time, beside everything else that this process does.
 *
 * A compressed file is complete and on the disk before it gets its name, and the plain one goes after that: a crash leaves
 * one of them, or both, of which the plain one counts.
 * Errors: none reach the caller. A file that could not be compressed stays as it is, and is tried again at the next `add`.
 */
export class Compression {
  readonly #outputs = new Set<string>();
  readonly #closing = new AbortController();
  #isBusy = false;

  /** Asks for all full files of the output at `path`. */
  add(path: string): void {
    this.#outputs.add(path);
    if (!this.#isBusy && !this.#closing.signal.aborted) void this.#work();
  }

  /** Ends what is under way; its file stays plain. */
  close(): void {
    this.#closing.abort();
    this.#outputs.clear();
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let [path] = this.#outputs; path !== undefined; [path] = this.#outputs) {
      const full = openYoungest(path);
      const isDone = full !== null && (await this.#compress(path, full));
      if (!isDone) this.#outputs.delete(path);
    }
    this.#isBusy = false;
  }

  async #compress(path: string, full: Full): Promise<boolean> {
    const packed = `${path}.gz.new`;
    try {
      await pipeline(
        pieces(full.fd),
        createGzip({ level: LEVEL, chunkSize: PIECE_BYTES }),
        createWriteStream(packed, { mode: 0o640 }),
        { signal: this.#closing.signal },
      );
      const trailer = await settle(packed);
      put(path, { packed, full, trailer });
      return true;
    } catch {
      // No room, no right, or the supervisor ends: the plain file is as good.
      removeQuietly(packed);
      return false;
    } finally {
      closeSync(full.fd);
    }
  }
}

/** A full file, held open: its number may change, its inode does not. */
type Full = Readonly<{ fd: number; inode: string; modified: Date }>;

const PIECE_BYTES = 32 * 1024;
const LEVEL = 6;
const TRAILER_BYTES = 8;

/** Why the turns: Deno compresses on this thread, and would take many pieces without a pause. */
async function* pieces(fd: number): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; ; ) {
    const piece = new Uint8Array(PIECE_BYTES);
    const size = readSync(fd, piece, 0, PIECE_BYTES, at);
    if (size === 0) return;
    yield piece.subarray(0, size);
    at += size;
    await nextTurn();
  }
}

/** The youngest full file that is plain. Why: where they come faster than they can be compressed the oldest ones are about to go. */
function openYoungest(path: string): Full | null {
  const number = numberOf(path, (candidate) => existsSync(candidate));
  const fd = number === null ? null : openQuietly(shelfPaths.plain(path, number));
  if (fd === null) return null;
  const { dev, ino, mtime } = fstatSync(fd);
  return { fd, inode: `${dev}:${ino}`, modified: mtime };
}

function numberOf(path: string, isWanted: (candidate: string) => boolean): number | null {
  for (let number = 1, missing = 0; missing < MISSING_AT_END; number++) {
    const plain = shelfPaths.plain(path, number);
    if (isWanted(plain)) return number;
    missing = existsSync(plain) || existsSync(shelfPaths.compressed(path, number)) ? 0 : missing + 1;
  }
  return null;
}

/** Waits until it is on the disk. Gives what its last bytes say of the text. */
async function settle(packed: string): Promise<string> {
  const handle = await open(packed, "r+");
  try {
    await handle.datasync();
    const { size } = await handle.stat();
    const { buffer } = await handle.read(new Uint8Array(TRAILER_BYTES), 0, TRAILER_BYTES, size - TRAILER_BYTES);
    return Buffer.from(buffer).toString("hex");
  } finally {
    await handle.close();
  }
}

/** Puts it in the plain file's place, wherever that is by now, without a pause in which it could move on. */
function put(path: string, { packed, full, trailer }: Readonly<{ packed: string; full: Full; trailer: string }>): void {
  const number = numberOf(path, (candidate) => inodeAt(candidate) === full.inode);
  if (number === null) {
    unlinkSync(packed);
    return;
  }
  const index = shelfPaths.index(path, number);
  const head = readHead(index);
  if (head && `${head.device}:${head.inode}` === full.inode) {
    appendFileSync(index, encodeRecord({ tag: "seal", trailer }));
  }
  utimesSync(packed, full.modified, full.modified);
  renameSync(packed, shelfPaths.compressed(path, number));
  unlinkSync(shelfPaths.plain(path, number));
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was never made, or cannot be removed; the next one is written over it.
  }
}
