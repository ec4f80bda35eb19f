/** Cuts bytes into lines of text; a line longer than 1 MiB is given in pieces. */
export class LineCut {
  readonly #held: Uint8Array[] = [];
  #heldBytes = 0;

  take(bytes: Uint8Array): readonly string[] {
    const whole = bytes.lastIndexOf(NEWLINE) + 1;
    let lines: string[] = [];
    if (whole > 0) {
      this.#hold(bytes.subarray(0, whole - 1));
      lines = this.#release().split("\n");
    }
    if (whole < bytes.length) this.#hold(bytes.subarray(whole));
    if (this.#heldBytes >= MAX_BYTES) lines.push(this.#release());
    return lines;
  }

  /** Gives the last line although it has no end. */
  end(): readonly string[] {
    return this.#heldBytes > 0 ? [this.#release()] : [];
  }

  #hold(bytes: Uint8Array): void {
    this.#held.push(bytes.slice());
    this.#heldBytes += bytes.length;
  }

  #release(): string {
    const text = decoder.decode(Buffer.concat(this.#held.splice(0)));
    this.#heldBytes = 0;
    return text;
  }
}

const NEWLINE = 10;
const MAX_BYTES = 1024 * 1024;
const decoder = new TextDecoder();
