import { closeSync, fstatSync, readSync } from "node:fs";
import { idAt, type Link, lineOffset, openChain } from "./chain.ts";

/**
 * Reads an output as one endless file: the last lines first, then whatever is added, across rotations.
 *
 * Why it neither loses nor doubles: a file is left only after it was read to its end once more when a younger one was
 * already there, and from then on the younger ones are held open, so that no rotation takes them away.
 */
export class Trail {
  readonly #path: string;
  /** Oldest first; the first is being read. */
  readonly #queue: Link[];
  readonly #grows: boolean;
  #offset = 0;
  #midLine = false;

  /** `grows`: whether what is added later belongs to it. */
  constructor(path: string, lines: number, grows: boolean) {
    this.#path = path;
    this.#grows = grows;
    this.#queue = [...openChain(path, null).links];
    this.#seek(lines);
  }

  /** Fills the buffer with what comes next. Zero: nothing more is there now. */
  read(buffer: Uint8Array): number {
    for (;;) {
      const head = this.#queue[0];
      if (!head) {
        if (!this.#grows || !this.#begin()) return 0;
        continue;
      }
      const wantedBytes = this.#grows ? buffer.length : Math.min(buffer.length, head.sizeBytes - this.#offset);
      const size = wantedBytes > 0 ? readSync(head.fd, buffer, 0, wantedBytes, this.#offset) : 0;
      if (size > 0) {
        this.#offset += size;
        this.#midLine = buffer[size - 1] !== NEWLINE;
        return size;
      }
      if (this.#queue.length > 1) {
        this.#leave(head);
        if (!this.#midLine) continue;
        this.#midLine = false;
        buffer[0] = NEWLINE;
        return 1;
      }
      if (!this.#goOn(head)) return 0;
    }
  }

  close(): void {
    for (const { fd } of this.#queue.splice(0)) closeSync(fd);
  }

  #seek(lines: number): void {
    const last = this.#queue.at(-1);
    if (!last) return;
    let left = lines + 1;
    let first = this.#queue.length;
    while (first > 0 && left > 0) {
      const link = this.#queue[--first] ?? last;
      const found = lines === 0 ? { offset: link.sizeBytes, left: 0 } : lineOffset(link, left);
      this.#offset = found.offset;
      left = found.left;
    }
    for (const { fd } of this.#queue.splice(0, first)) closeSync(fd);
  }

  #begin(): boolean {
    this.#offset = 0;
    this.#queue.push(...openChain(this.#path, null).links);
    return this.#queue.length > 0;
  }

  #leave(head: Link): void {
    this.#queue.shift();
    closeSync(head.fd);
    this.#offset = 0;
  }

  /** At the end of the youngest file known: whether there is anything to read after all. */
  #goOn(head: Link): boolean {
    if (!this.#grows) return false;
    const { size, mtimeMs } = fstatSync(head.fd);
    if (size < this.#offset) {
      this.#offset = 0;
      return true;
    }
    return idAt(this.#path) !== head.id && this.#extend({ ...head, modifiedMs: mtimeMs });
  }

  /**
   * Takes up the files that are younger than the one being read.
   * When that one is no longer among them (moved elsewhere, or rotated away while nobody read) time must tell the younger.
   */
  #extend(head: Link): boolean {
    const { links, complete } = openChain(this.#path, head.id);
    for (const link of links) {
      if (complete || link.modifiedMs > head.modifiedMs || link.id === links.at(-1)?.id) this.#queue.push(link);
      else closeSync(link.fd);
    }
    return this.#queue.length > 1;
  }
}

const NEWLINE = 10;
