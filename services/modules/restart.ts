import type { RestartPolicy } from "./module.ts";

/**
 * Counts a failure at `now`, and says how long to wait before the next start; null: it was one too many. `failures`: those before
 * it, oldest first; gives those that still count, with this one.
 * Shape: base 500, burst 5 within 60000; failures [1000], now 2000 → failures [1000, 2000], 1000 ms.
 * Units: milliseconds of the monotonic clock.
 */
export function afterFailure(failures: readonly number[], now: number, policy: RestartPolicy) {
  const { baseMs, capMs, burst, intervalMs } = policy;
  const counting = [...failures.filter((at) => at > now - intervalMs), now];
  const pauseMs = counting.length > burst ? null : Math.min(capMs, baseMs * 2 ** (counting.length - 1));
  return { failures: counting, pauseMs };
}
