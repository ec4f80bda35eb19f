/**
 * Does what makes whoever asks for it wait, one deed after the other, while the event loop goes on.
 * Why one after the other: the kernel lets only one at a time change its control groups, and a runtime has few threads.
 */
export class Aside {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Nothing is being done, and nothing waits. */
  get isIdle(): boolean {
    return this.#waiting === 0;
  }

  /** Settles as the deed does. One that fails holds up nobody. */
  async run<T>(deed: () => T | Promise<T>): Promise<T> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    this.#waiting++;
    await before;
    try {
      return await deed();
    } finally {
      this.#waiting--;
      resolve();
    }
  }
}
