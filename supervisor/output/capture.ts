/**
 * Cuts one stream into whole lines and hands them on in slices as large as they came.
 *
 * Units: at most 64 KiB are held back for a line that has no end yet; a longer line is handed on in pieces without
 * a newline, cut between characters, and its writer goes on with it.
 */
export class Capture {
  readonly #hand: (bytes: Uint8Array) => void;
  #held = new Uint8Array(0);
  #heldBytes = 0;
  /** Whether the last piece handed on left its line without an end. */
  #midLine = false;

  /** `hand` gets views of the caller's buffer: it copies what it keeps. */
  constructor(hand: (bytes: Uint8Array) => void) {
    this.#hand = hand;
  }

  take(chunk: Uint8Array): void {
    const whole = chunk.lastIndexOf(NEWLINE) + 1;
    if (whole > 0) {
      this.#release();
      this.#pass(chunk.subarray(0, whole));
    }
    if (whole < chunk.length) this.#hold(chunk.subarray(whole));
  }

  /** The writer is gone: its last line is ended for it. */
  end(): void {
    this.#release();
    if (this.#midLine) this.#pass(LINE_END);
    this.#held = new Uint8Array(0);
  }

  #hold(bytes: Uint8Array): void {
    let rest = bytes;
    while (this.#heldBytes + rest.length > HOLD_BYTES) {
      const roomBytes = HOLD_BYTES - this.#heldBytes;
      this.#append(rest.subarray(0, roomBytes));
      rest = rest.subarray(roomBytes);
      const cut = characterCut(this.#held);
      this.#pass(this.#held.subarray(0, cut));
      this.#held.copyWithin(0, cut);
      this.#heldBytes = HOLD_BYTES - cut;
    }
    this.#append(rest);
  }

  #append(bytes: Uint8Array): void {
    const neededBytes = this.#heldBytes + bytes.length;
    if (neededBytes > this.#held.length) {
      const grown = new Uint8Array(Math.max(neededBytes, Math.min(HOLD_BYTES, this.#held.length * 2), 256));
      grown.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = grown;
    }
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes = neededBytes;
  }

  #release(): void {
    if (this.#heldBytes === 0) return;
    const bytes = this.#held.subarray(0, this.#heldBytes);
    this.#heldBytes = 0;
    this.#pass(bytes);
  }

  #pass(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#midLine = bytes[bytes.length - 1] !== NEWLINE;
    this.#hand(bytes);
  }
}

const NEWLINE = 10;
const LINE_END = Uint8Array.of(NEWLINE);
const HOLD_BYTES = 64 * 1024;

/** Where to cut so that no UTF-8 character is split; bytes that are not UTF-8 are cut at the end. */
function characterCut(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return bytes.length;
    if (byte >= 0xc0) {
      const characterBytes = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return back < characterBytes ? bytes.length - back : bytes.length;
    }
  }
  return bytes.length;
}
