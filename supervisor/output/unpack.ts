import { readSync } from "node:fs";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";

/**
 * Reads a compressed file piece by piece; the descriptor stays open.
 * Errors: none; what cannot be unpacked is the end of the text.
 */
export async function* unpack(fd: number): AsyncGenerator<Uint8Array, void, void> {
  const packed = Readable.from(blocks(fd));
  const gunzip = packed.pipe(createGunzip());
  try {
    for await (const piece of gunzip) yield piece;
  } catch {
    // A damaged file: what came before the damage has been read, and more there is not.
  } finally {
    packed.destroy();
    gunzip.destroy();
  }
}

const BLOCK_BYTES = 16 * 1024;

function* blocks(fd: number): Generator<Uint8Array> {
  for (let at = 0; ; ) {
    const block = new Uint8Array(BLOCK_BYTES);
    const size = readSync(fd, block, 0, BLOCK_BYTES, at);
    if (size === 0) return;
    yield block.subarray(0, size);
    at += size;
  }
}
