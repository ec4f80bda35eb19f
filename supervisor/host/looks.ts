/** How long until somebody is looked for whose end the kernel does not report. Units: milliseconds. */
const LATER_MS = 500;

/** When to look for those who have ended: each look is made once, for however many have asked for it. */
export class Looks {
  readonly #look: (isThorough: boolean) => void;
  #soon: ReturnType<typeof setImmediate> | null = null;
  #later: ReturnType<typeof setTimeout> | null = null;
  #laterAtMs = 0;
  #isClosed = false;

  constructor(look: (isThorough: boolean) => void) {
    this.#look = look;
  }

  /** After whatever happens right now. */
  soon(): void {
    if (this.#isClosed) return;
    this.#soon ??= setImmediate(() => {
      this.#soon = null;
      this.#look(false);
    });
  }

  /** A thorough one. Of two that are asked for, the sooner one is made. */
  later(afterMs = LATER_MS): void {
    const atMs = performance.now() + afterMs;
    if (this.#isClosed || (this.#later && this.#laterAtMs <= atMs)) return;
    if (this.#later) clearTimeout(this.#later);
    this.#laterAtMs = atMs;
    this.#later = setTimeout(() => {
      this.#later = null;
      this.#look(true);
    }, afterMs);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#soon) clearImmediate(this.#soon);
    if (this.#later) clearTimeout(this.#later);
  }
}
