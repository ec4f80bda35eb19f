import { fstatSync, readSync } from "node:fs";
import { closeLink, inodeAt, type Link, openChain } from "./chain.ts";
import { IndexCursor, type Slice } from "./index-cursor.ts";
import { unpack } from "./unpack.ts";

/** A place in an output. Units: bytes of the link's text. */
export type Place = Readonly<{ link: Link; offset: number }>;

/**
 * Reads an output as one endless file from a place on, then whatever is added, across rotations and compression.
 *
 * Why it neither loses nor doubles: a file is left only after it was read to its end once more when a younger one was
 * already there, and from then on the younger ones are held open, so that no rotation takes them away.
 */
export class Trail {
  readonly #path: string;
  /** Oldest first; the first is being read. */
  readonly #queue: Link[];
  readonly #grows: boolean;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #offset = 0;
  #midLine = false;
  #cursor: IndexCursor | null = null;
  #unpacking: AsyncGenerator<Uint8Array, void, void> | null = null;

  /** `links`: held files, oldest first, which it closes. `grows`: whether what is added later belongs to it. */
  constructor(path: string, links: readonly Link[], grows: boolean) {
    this.#path = path;
    this.#queue = [...links];
    this.#grows = grows;
  }

  /** Begins there: what is older is let go. */
  begin({ link, offset }: Place): void {
    const older = Math.max(0, this.#queue.indexOf(link));
    for (const gone of this.#queue.splice(0, older)) closeLink(gone);
    this.#enter(offset);
  }

  /** Answers with what comes next; the bytes are valid until the next call. Null: nothing more is there now. */
  async read(): Promise<readonly Slice[] | null> {
    for (;;) {
      const head = this.#queue[0];
      if (!head) {
        if (!this.#grows || !this.#open()) return null;
        continue;
      }
      const offset = this.#offset;
      const bytes = head.isCompressed ? await this.#unpack(head) : this.#readPlain(head);
      if (bytes.length > 0) {
        this.#offset += bytes.length;
        this.#midLine = bytes[bytes.length - 1] !== NEWLINE;
        return this.#cursor?.cut(offset, bytes) ?? [{ bytes, said: null }];
      }
      if (this.#queue.length > 1) {
        this.#leave(head);
        if (!this.#midLine) continue;
        this.#midLine = false;
        return [{ bytes: LINE_END, said: null }];
      }
      if (!this.#goOn(head)) return null;
    }
  }

  close(): void {
    for (const link of this.#queue.splice(0)) closeLink(link);
    this.#stopUnpacking();
  }

  #readPlain(head: Link): Uint8Array {
    const roomBytes = this.#grows ? BUFFER_BYTES : Math.min(BUFFER_BYTES, head.sizeBytes - this.#offset);
    const size = roomBytes > 0 ? readSync(head.fd, this.#buffer, 0, roomBytes, this.#offset) : 0;
    return this.#buffer.subarray(0, size);
  }

  async #unpack(head: Link): Promise<Uint8Array> {
    this.#unpacking ??= unpack(head.fd);
    const next = await this.#unpacking.next();
    return next.done === true ? NOTHING : next.value;
  }

  #stopUnpacking(): void {
    void this.#unpacking?.return();
    this.#unpacking = null;
  }

  #open(): boolean {
    this.#queue.push(...openChain(this.#path, null).links);
    this.#enter(0);
    return this.#queue.length > 0;
  }

  #leave(head: Link): void {
    this.#queue.shift();
    closeLink(head);
    this.#stopUnpacking();
    this.#enter(0);
  }

  #enter(offset: number): void {
    const indexFd = this.#queue[0]?.indexFd ?? null;
    this.#offset = offset;
    this.#cursor = indexFd === null ? null : new IndexCursor(indexFd);
    this.#cursor?.seek(offset);
  }

  /** At the end of the youngest file known: whether there is anything to read after all. */
  #goOn(head: Link): boolean {
    if (!this.#grows) return false;
    const { size, mtimeMs } = fstatSync(head.fd);
    if (size < this.#offset && !head.isCompressed) {
      this.#enter(0);
      return true;
    }
    return inodeAt(this.#path) !== head.inode && this.#extend({ ...head, modifiedMs: mtimeMs });
  }

  /**
   * Takes up the files that are younger than the one being read.
   * When that one is no longer among them (moved elsewhere, or rotated away while nobody read) time must tell the younger.
   */
  #extend(head: Link): boolean {
    const { links, complete } = openChain(this.#path, head);
    for (const link of links) {
      if (complete || link.modifiedMs > head.modifiedMs || link === links.at(-1)) this.#queue.push(link);
      else closeLink(link);
    }
    return this.#queue.length > 1;
  }
}

const NEWLINE = 10;
const LINE_END = Uint8Array.of(NEWLINE);
const NOTHING = new Uint8Array(0);
const BUFFER_BYTES = 64 * 1024;
