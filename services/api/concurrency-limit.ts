/** How many requests may be in hand at a time, learnt from how long they take. */
export interface ConcurrencyLimit {
  /** False: there are as many as may be. */
  enter(): boolean;
  /** One is answered. Units: milliseconds, from when it may have come. */
  leave(tookMs: number): void;
  /** One is no longer counted, and says nothing about the others. */
  stepAside(): void;
  /** One that stepped aside is back, whether or not there is room. */
  comeBack(): void;
  readonly inHand: number;
  readonly most: number;
}

/** What a window has shown. `peak`: the most that were in hand at a time; `meanMs`: how long those took that were answered. */
export type Seen = Readonly<{ most: number; peak: number; meanMs: number }>;

/** Before anything is known; fewer than this are refused by nobody who has not been slow under a load. */
const FIRST = 128;
const LEAST = 16;
const MOST = 4_096;

const WINDOW_MS = 100;

/** How far one window may move the limit. */
const LOWEST_FACTOR = 0.25;
const HIGHEST_FACTOR = 1.5;

/**
 * Makes a limit that lets in as many as are answered within `targetMs`. `now`: monotonic milliseconds.
 * Source: Little's law, in hand = rate × time; Netflix's concurrency-limits and Envoy's adaptive concurrency correct a limit by such
 * a ratio, window by window, and leave it alone while it is not reached.
 * Why not their smallest time ever seen for a target: a store that joins writes answers each later and all of them sooner the more
 * there are, and would be held to one at a time.
 */
export function createConcurrencyLimit(targetMs: number, now: () => number): ConcurrencyLimit {
  let most = FIRST;
  let inHand = 0;
  let peak = 0;
  let answered = 0;
  let sumMs = 0;
  let untilMs = now() + WINDOW_MS;
  return {
    enter() {
      if (inHand >= most) return false;
      inHand += 1;
      if (inHand > peak) peak = inHand;
      return true;
    },
    leave(tookMs) {
      inHand -= 1;
      answered += 1;
      sumMs += tookMs;
      const nowMs = now();
      if (nowMs < untilMs) return;
      most = nextLimit({ most, peak, meanMs: sumMs / answered }, targetMs);
      untilMs = nowMs + WINDOW_MS;
      [peak, answered, sumMs] = [inHand, 0, 0];
    },
    stepAside() {
      inHand -= 1;
    },
    comeBack() {
      inHand += 1;
    },
    get inHand() {
      return inHand;
    },
    get most() {
      return most;
    },
  };
}

/** Decides the limit of the next window. A window in which not even half the limit was used says nothing about it. */
export function nextLimit({ most, peak, meanMs }: Seen, targetMs: number): number {
  if (peak < most / 2) return most;
  const factor = Math.min(Math.max(targetMs / meanMs, LOWEST_FACTOR), HIGHEST_FACTOR);
  return Math.min(Math.max(Math.round(most * factor), LEAST), MOST);
}
