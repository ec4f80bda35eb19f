/** Rings once, unless it is taken back before. */
export interface Alarms {
  /** Gives what takes it back. A second and more may be rung up to a tenth of a second late. */
  set(afterMs: number, ring: () => void): () => void;
}

/** Sooner ones have timers of their own. */
const SOON_MS = 1_000;
const TICK_MS = 100;

type Alarm = Readonly<{ atMs: number; ring: () => void }>;

/**
 * Alarms with one timer for all that are far off.
 * Why: each attempt has two, for its lease and its time limit, and nearly all are taken back after a millisecond: setting
 * timers for them took Deno longer than the attempt.
 */
export function createAlarms(): Alarms {
  const set = new Set<Alarm>();
  let ticking: ReturnType<typeof setInterval> | null = null;

  const tick = (): void => {
    const nowMs = performance.now();
    for (const alarm of set) {
      if (alarm.atMs > nowMs) continue;
      set.delete(alarm);
      alarm.ring();
    }
    if (set.size > 0 || ticking === null) return;
    clearInterval(ticking);
    ticking = null;
  };

  return {
    set(afterMs, ring) {
      if (afterMs < SOON_MS) {
        const timer = setTimeout(ring, afterMs);
        return () => clearTimeout(timer);
      }
      const alarm = { atMs: performance.now() + afterMs, ring };
      set.add(alarm);
      ticking ??= setInterval(tick, TICK_MS);
      return () => void set.delete(alarm);
    },
  };
}
