/** Says when another client may be sent away. */
export interface Farewells {
  mayBeNext(): boolean;
  /**
   * So many are still here: what is left of the spread is to be enough for them. `waiting`: in the listener's queue. Where nobody lets
   * in those who were sent away, as in a restart, all the others go at once: the sooner the next one comes.
   */
  remain(count: number, waiting: number): void;
}

/** So many may go at once: the new generation lets them in within a few milliseconds. */
const AT_ONCE = 8;
/** So many must have gone before it is asked who lets them in, and this share of them must wait. */
const LEAST_GONE = 16;
const SHARE_WAITING = 0.75;
/** Where the spread leaves more time than that needs, it is not used up. */
const LEAST_PER_MS = 0.25;

/**
 * Spreads the goodbyes of a drain: whoever is told comes back with a new connection, which costs both sides ten times what a
 * request does. Told all at once, a thousand clients make each other wait; told slowly, they come to a generation that is
 * warm (docs/results/tail.json). An idle client is waited for longer than that anyway.
 */
export function farewells(spreadMs: number, now: () => number = () => performance.now()): Farewells {
  let endsMs = now() + spreadMs;
  let atMs = now();
  let perMs = LEAST_PER_MS;
  let mayGo = AT_ONCE;
  let gone = 0;

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
      gone += 1;
      return true;
    },
    remain(count, waiting) {
      if (gone >= LEAST_GONE && waiting >= gone * SHARE_WAITING) endsMs = now();
      const leftMs = pass();
      if (leftMs > 0) perMs = Math.max(LEAST_PER_MS, count / leftMs);
    },
  };
}
