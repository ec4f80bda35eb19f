import type { Backoff } from "./backoff.ts";
import type { TypeLimits } from "./type-limit.ts";

/** What every store is given. Time and chance come from outside, so that a test needs no waiting. */
export type QueueOptions = Readonly<{
  /** The bound on waiting tasks (queued and failed); `enqueue` throws QueueFull beyond it. */
  maxPending: number;
  /** For a task that names none. */
  maxAttempts: number;
  backoff: Backoff;
  /** How long a task is kept after its end. Units: milliseconds. */
  keepMs: number;
  limits: TypeLimits;
  /** Units: wall time, milliseconds since 1970. */
  now: () => number;
  /** Yields 0 ≤ r < 1. */
  random: () => number;
}>;

/** So many that have ended go with each that comes in: the store shrinks as fast as it grows. */
export const SWEPT_AT_ONCE = 2;

/** Fills in what is not given: 100 000 waiting tasks, 5 attempts, backoff from 1 s to 1 min, a week after the end, the real clock. */
export function queueOptions(given: Partial<QueueOptions> = {}): QueueOptions {
  return {
    maxPending: 100_000,
    maxAttempts: 5,
    backoff: { baseMs: 1_000, capMs: 60_000 },
    keepMs: 7 * 24 * 3_600_000,
    limits: {},
    now: Date.now,
    random: Math.random,
    ...given,
  };
}
