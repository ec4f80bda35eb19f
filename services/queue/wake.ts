/** Sleepers that one call wakes. It remembers a ring that nobody was waiting for, so that none is lost between looking and sleeping. */
export class Wake {
  #rung = false;
  readonly #sleepers = new Set<() => void>();

  ring(): void {
    this.#rung = true;
    if (this.#sleepers.size > 0) for (const rouse of [...this.#sleepers]) rouse();
  }

  /** Forgets earlier rings. Call it before looking, never after. */
  reset(): void {
    this.#rung = false;
  }

  /** Resolves at the next ring (at once when one was kept), after `timeoutMs`, or when the signal fires. */
  sleep(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#rung || signal.aborted || timeoutMs <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const rouse = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", rouse);
        this.#sleepers.delete(rouse);
        resolve();
      };
      const timer = setTimeout(rouse, timeoutMs);
      signal.addEventListener("abort", rouse, { once: true });
      this.#sleepers.add(rouse);
    });
  }
}
