/** How retries are spaced. Units: milliseconds. */
export type Backoff = Readonly<{ baseMs: number; capMs: number }>;

/**
 * Says how long a task rests after its n-th failed attempt: exponential, capped, with full jitter.
 * Shape: base 1000, cap 60000 → attempt 1 within 0…1000, attempt 2 within 0…2000, attempt 7 and later within 0…60000.
 * Units: `attempt` counts from 1; `random` yields 0 ≤ r < 1.
 * Source: Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
 * Why: with jitter, tasks that failed together (a webhook target went down) do not come back together.
 */
export function backoffMs(attempt: number, backoff: Backoff, random: () => number): number {
  const ceilingMs = Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.max(0, attempt - 1));
  return Math.floor(random() * ceilingMs);
}
