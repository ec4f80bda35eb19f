/** Says when another client may be sent away. */
export interface Farewells {
  mayBeNext(): boolean;
  /** So many are still here: what is left of the spread is to be enough for them. */
  remain(count: number): void;
}

/** So many may go at once: the new generation lets them in within a few milliseconds. */
const AT_ONCE = 8;
/** Where the spread leaves more time than that needs, it is not used up. */
const LEAST_PER_MS = 0.25;

/**
 * Spreads the goodbyes of a drain: whoever is told comes back with a new connection, which costs both sides ten times what a
 * request does. Told all at once, a thousand clients make each other wait; told slowly, they come to a generation that is
 * warm (docs/results/tail.json). An idle client is waited for longer than that anyway.
 */
export function farewells(spreadMs: number, now: () => number = () => performance.now()): Farewells {
  const endsMs = now() + spreadMs;
  let atMs = now();
  let perMs = LEAST_PER_MS;
  let mayGo = AT_ONCE;

  const pass = (): number => {
    const nowMs = now();
    mayGo += (nowMs - atMs) * perMs;
    atMs = nowMs;
    return endsMs - nowMs;
  };

  return {
    mayBeNext() {
      if (pass() <= 0) return true;
      if (mayGo < 1) return false;
      mayGo -= 1;
      return true;
    },
    remain(count) {
      const leftMs = pass();
      if (leftMs > 0) perMs = Math.max(LEAST_PER_MS, count / leftMs);
    },
  };
}
