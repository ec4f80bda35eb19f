/**
 * Puts the time before every line of one stream.
 * Shape: `2026-01-02T03:04:05.678Z hello`.
 */
export class Stamp {
  readonly #wall: () => Date;
  #midLine: boolean;
  /** How much of the next line's stamp is there already. */
  #begunBytes: number;

  /** `begun`: where a former life has stopped. */
  constructor(wall: () => Date, begun: StampBegun = { isMidLine: false, stampBytes: 0 }) {
    this.#wall = wall;
    this.#begunBytes = begun.stampBytes;
    this.#midLine = begun.isMidLine && begun.stampBytes === 0;
  }

  apply(bytes: Uint8Array): Uint8Array {
    const stamp = encoder.encode(`${this.#wall().toISOString()} `);
    const starts = this.#lineStarts(bytes);
    const stamped = new Uint8Array(bytes.length + starts.length * stamp.length);
    let written = starts[0] ?? bytes.length;
    stamped.set(bytes.subarray(0, written));
    for (const [number, start] of starts.entries()) {
      stamped.set(stamp, written);
      const line = bytes.subarray(start, starts[number + 1] ?? bytes.length);
      stamped.set(line, written + stamp.length);
      written += stamp.length + line.length;
    }
    const begunBytes = starts.length > 0 ? this.#begunBytes : 0;
    this.#begunBytes -= begunBytes;
    return stamped.subarray(begunBytes);
  }

  #lineStarts(bytes: Uint8Array): readonly number[] {
    const starts: number[] = [];
    let start = this.#midLine ? bytes.indexOf(NEWLINE) + 1 || bytes.length : 0;
    while (start < bytes.length) {
      starts.push(start);
      start = bytes.indexOf(NEWLINE, start) + 1 || bytes.length;
    }
    this.#midLine = bytes[bytes.length - 1] !== NEWLINE;
    return starts;
  }
}

/** `stampBytes`: of the open line, if its stamp itself was cut off; the rest of that comes from the time now. */
export type StampBegun = Readonly<{ isMidLine: boolean; stampBytes: number }>;

/** Of `2026-01-02T03:04:05.678Z ` with its blank. */
export const STAMP_BYTES = 25;

const NEWLINE = 10;
const encoder = new TextEncoder();
