/** A runtime fetches its own dead child within milliseconds; one whose event loop is held needs longer. */
const patienceMs = 3_000;

/**
 * Tells a dead child of our own session that the runtime will fetch from one that nobody will: such as was there before this
 * program, for instance of an entrypoint that ends in `exec supervisor start`.
 * Why it matters: as long as one is left lying, the kernel shows nobody who died after it.
 */
export interface Forsaken {
  /** Whether this one, the first in the kernel's list, has stood there for so long that nobody else can want it. */
  is(pid: number): boolean;
}

export function createForsaken(nowMs: () => number = () => performance.now()): Forsaken {
  let first: Readonly<{ pid: number; sinceMs: number }> | null = null;
  return {
    is(pid) {
      // As long as it is dead and unfetched, its pid is nobody else's.
      if (first?.pid !== pid) first = { pid, sinceMs: nowMs() };
      return nowMs() - first.sinceMs >= patienceMs;
    },
  };
}
