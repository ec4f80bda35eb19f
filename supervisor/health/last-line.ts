const MOST_BYTES = 1024;
const MOST_CHARACTERS = 200;

/** Remembers the last line of what a command printed, to say why it failed. Bound: 1 KiB. */
export class LastLine {
  #bytes = new Uint8Array(0);

  /** The bytes are copied. */
  take(chunk: Uint8Array): void {
    const added = chunk.subarray(-MOST_BYTES);
    const kept = added.length < MOST_BYTES ? this.#bytes.subarray(-(MOST_BYTES - added.length)) : EMPTY;
    const next = new Uint8Array(kept.length + added.length);
    next.set(kept);
    next.set(added, kept.length);
    this.#bytes = next;
  }

  /** The last line with something on it, fit to be shown; empty where there is none. Units: at most 200 characters. */
  text(): string {
    const lines = new TextDecoder().decode(this.#bytes).split(/[\r\n]+/);
    const shown = lines.map((line) => line.replace(UNPRINTABLE, " ").trim()).filter((line) => line !== "");
    return [...(shown.at(-1) ?? "")].slice(-MOST_CHARACTERS).join("");
  }
}

const EMPTY = new Uint8Array(0);
/** Controls would reach the terminal of whoever reads the status. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}]+/gu;
