import { type FSWatcher, watch } from "node:fs";

/**
 * Waits until a file may have changed: told by the kernel where that works, and by looking again after a while where not.
 *
 * Why both: a watch hangs on the inode, which a rotation moves away, and the number of watches is limited.
 */
export class Wake {
  readonly #path: string;
  readonly #signal: AbortSignal | undefined;
  readonly #lookAgainMs: number;
  #watcher: FSWatcher | null = null;
  #stirred = false;
  #resume: (() => void) | null = null;

  constructor(path: string, signal?: AbortSignal, lookAgainMs = 250) {
    this.#path = path;
    this.#lookAgainMs = lookAgainMs;
    this.#signal = signal;
  }

  /** Resolves after a change since the last call, when the signal fires, or when it is time to look again. */
  async wait(): Promise<void> {
    // What changed before the watch began is not reported: the caller looks once more first.
    if (!this.#watcher && this.#begin()) return;
    if (this.#stirred || this.#signal?.aborted) {
      this.#stirred = false;
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#lookAgainMs);
      this.#resume = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#signal?.addEventListener("abort", this.#resume, { once: true });
    });
    if (this.#resume) this.#signal?.removeEventListener("abort", this.#resume);
    this.#resume = null;
    this.#stirred = false;
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }

  #begin(): boolean {
    try {
      this.#watcher = watch(this.#path, { persistent: false }, (event) => this.#stir(event));
    } catch {
      return false; // No such file yet, or no watch left: looking again must do.
    }
    this.#watcher.on("error", () => this.close());
    return true;
  }

  #stir(event: string): void {
    if (event === "rename") this.close();
    this.#stirred = true;
    this.#resume?.();
  }
}
