import type { Service } from "../unit/unit.ts";
import type { Instant } from "./facts.ts";

/**
 * The starts that still count.
 * Shape: [1000, 4000] at 12000 with an interval of 10000 → [4000].
 * Units: monotonic milliseconds. Source: systemd.unit(5), StartLimitIntervalSec=.
 */
export function recentStarts(service: Service, starts: readonly Instant[], now: Instant): readonly Instant[] {
  return starts.filter((start) => start > now - service.startLimitIntervalMs);
}

/** True when one more start at `now` would exceed the limit. A burst or an interval of 0 means no limit. */
export function isLimitHit(service: Service, starts: readonly Instant[], now: Instant): boolean {
  const { startLimitBurst, startLimitIntervalMs } = service;
  if (startLimitBurst === 0 || startLimitIntervalMs === 0) return false;
  return recentStarts(service, starts, now).length >= startLimitBurst;
}
