/** Says when another client may be sent away. */
export type Farewells = Readonly<{ mayBeNext(): boolean }>;

/** So many may go at once: the new generation lets them in within a few milliseconds. */
const AT_ONCE = 32;
const PER_MS = 1;

/**
 * Spreads the goodbyes of a drain: whoever is told comes back with a new connection, which costs both sides ten times what a
 * request does. Told all at once, a thousand clients make each other wait (docs/results/tail.json).
 */
export function farewells(spreadMs: number, now: () => number = () => performance.now()): Farewells {
  const beganMs = now();
  let told = 0;
  return {
    mayBeNext() {
      const passedMs = now() - beganMs;
      if (passedMs < spreadMs && told >= AT_ONCE + passedMs * PER_MS) return false;
      told += 1;
      return true;
    },
  };
}
