/** Lets many through side by side, or one alone. */
export type Turnstile = Readonly<{
  beside<T>(work: () => Promise<T>): Promise<T>;
  alone<T>(work: () => Promise<T>): Promise<T>;
}>;

export function createTurnstile(): Turnstile {
  const inside = new Set<Promise<unknown>>();
  /** The last of those who are, or want to be, alone. */
  let hermit: Promise<void> | null = null;
  return {
    async beside(work) {
      while (hermit) await hermit;
      const working = work();
      inside.add(working);
      return working.finally(() => inside.delete(working));
    },
    async alone(work) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const before = hermit;
      hermit = promise;
      await before;
      await Promise.allSettled(inside);
      return work().finally(() => {
        if (hermit === promise) hermit = null;
        resolve();
      });
    },
  };
}
