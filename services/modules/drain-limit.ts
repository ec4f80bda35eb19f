/** What it takes to end in order once the limit is reached: to give tasks back, to say goodbye. */
const GOODBYE_MS = 1_000;

/**
 * Gives the configured limit of a drain, or less where the supervisor would kill the process first.
 * Shape: 25000 configured, SUPERVISOR_DRAIN_MS "10000" → 9000.
 * Why: a task that is given back is taken at once; one whose worker was killed only when its lease runs out.
 */
export function drainLimit(configuredMs: number, env: Readonly<Record<string, string | undefined>>): number {
  const givenMs = Number(env.SUPERVISOR_DRAIN_MS);
  if (!(givenMs > 0)) return configuredMs;
  return Math.min(configuredMs, Math.max(givenMs - GOODBYE_MS, givenMs / 2));
}
