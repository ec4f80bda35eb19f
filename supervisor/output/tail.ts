/**
 * Remembers the last lines that one invocation printed, for the message that tells why it failed.
 *
 * Units: at most 20 lines and 4 KiB; a line longer than that is remembered by its end.
 */
export class Tail {
  #bytes = new Uint8Array(0);
  #size = 0;
  #midLine: number | null = null;
  #cut = false;

  /** `from` tells the streams apart, so that a line left open by one is not continued by another. */
  take(from: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#midLine !== null && this.#midLine !== from) this.#append(LINE_END);
    this.#append(bytes);
    this.#midLine = bytes[bytes.length - 1] === NEWLINE ? null : from;
  }

  lines(): readonly string[] {
    const bytes = this.#bytes.subarray(0, this.#size);
    const whole = bytes.lastIndexOf(NEWLINE) + 1;
    if (whole === 0) return [];
    const first = bytes.indexOf(NEWLINE) + 1;
    const start = this.#cut ? (first < whole ? first : characterStart(bytes)) : 0;
    return decoder
      .decode(bytes.subarray(start, whole - 1))
      .split("\n")
      .slice(-MAX_LINES);
  }

  #append(bytes: Uint8Array): void {
    const added = bytes.length > MAX_BYTES ? bytes.subarray(bytes.length - MAX_BYTES) : bytes;
    const keptBytes = Math.min(this.#size, MAX_BYTES - added.length);
    if (keptBytes < this.#size || added !== bytes) {
      const edge = added === bytes ? this.#bytes[this.#size - keptBytes - 1] : bytes[bytes.length - MAX_BYTES - 1];
      this.#cut = edge !== NEWLINE;
    }
    this.#reserve(keptBytes + added.length);
    this.#bytes.copyWithin(0, this.#size - keptBytes, this.#size);
    this.#bytes.set(added, keptBytes);
    this.#size = keptBytes + added.length;
  }

  #reserve(sizeBytes: number): void {
    if (sizeBytes <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.min(MAX_BYTES, Math.max(256, sizeBytes * 2)));
    grown.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = grown;
  }
}

const MAX_LINES = 20;
const MAX_BYTES = 4096;
const NEWLINE = 10;
const LINE_END = Uint8Array.of(NEWLINE);
const decoder = new TextDecoder();

/** The first byte that is not the rest of a character cut off before. */
function characterStart(bytes: Uint8Array): number {
  let start = 0;
  while (start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  return start;
}
