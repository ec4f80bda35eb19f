/**
 * Decides where one stream is cut: whole lines are handed on in slices as large as they came, and a line that has no end
 * yet waits in its pipe.
 *
 * Units: at most 64 KiB wait for the end of their line; a longer line is handed on in pieces without a newline, cut
 * between characters, and its writer goes on with it.
 */
export class Capture {
  readonly #hand: (bytes: Uint8Array) => void;
  /** Whether the last piece handed on left its line without an end. */
  #isMidLine: boolean;

  /** `hand` gets views of the caller's buffer: it copies what it keeps. `isMidLine`: a former life has handed on the line's beginning. */
  constructor(hand: (bytes: Uint8Array) => void, isMidLine = false) {
    this.#hand = hand;
    this.#isMidLine = isMidLine;
  }

  /** How many of the bytes are to be taken now. `isFull`: nothing will follow them before some were. */
  cut(bytes: Uint8Array, isFull: boolean): number {
    const whole = bytes.lastIndexOf(NEWLINE) + 1;
    const isTooLong = bytes.length - whole >= HOLD_BYTES || (isFull && whole === 0);
    return isTooLong ? characterCut(bytes) : whole;
  }

  take(bytes: Uint8Array): void {
    this.#isMidLine = bytes[bytes.length - 1] !== NEWLINE;
    this.#hand(bytes);
  }

  /** The writer is gone: its last line is ended for it. */
  end(): void {
    if (this.#isMidLine) this.take(LINE_END);
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
      // A character that is alone and not whole is all that there is.
      return back < characterBytes ? bytes.length - back || bytes.length : bytes.length;
    }
  }
  return bytes.length;
}
