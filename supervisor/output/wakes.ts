import { Wake } from "./wake.ts";

/** Waits until one of several files may have changed. */
export class Wakes {
  readonly #wakes: readonly Wake[];
  readonly #pending = new Map<Wake, Promise<void>>();
  /** Those that have told of a change since the last wait. */
  readonly #fired = new Set<Wake>();

  constructor(files: readonly string[], signal: AbortSignal) {
    this.#wakes = files.map((file) => new Wake(file, signal));
  }

  /** As `Wake.wait`, of whichever comes first; what the others tell meanwhile ends the next wait. */
  async wait(): Promise<void> {
    for (const wake of this.#wakes) {
      if (!this.#pending.has(wake)) this.#pending.set(wake, this.#watch(wake));
    }
    if (this.#fired.size === 0) await Promise.race(this.#pending.values());
    for (const wake of this.#fired) this.#pending.delete(wake);
    this.#fired.clear();
  }

  close(): void {
    for (const wake of this.#wakes) wake.close();
  }

  async #watch(wake: Wake): Promise<void> {
    await wake.wait();
    this.#fired.add(wake);
  }
}
