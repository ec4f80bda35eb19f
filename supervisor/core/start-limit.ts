import type { Service } from "../unit/unit.ts";
import type { Instant } from "./facts.ts";

/**
 * The starts that still count; none where there is no limit, since a crash loop would make them thousands.
 * Shape: [1000, 4000] at 12000 with an interval of 10000 → [4000].
 * Units: monotonic milliseconds. Source: systemd.unit(5), StartLimitIntervalSec=.
 */
export function recentStarts(service: Service, starts: readonly Instant[], now: Instant): readonly Instant[] {
  if (isUnlimited(service)) return [];
  return starts.filter((start) => start > now - service.startLimitIntervalMs);
}

/** True when one more start at `now` would exceed the limit. A burst or an interval of 0 means no limit. */
export function isLimitHit(service: Service, starts: readonly Instant[], now: Instant): boolean {
  return !isUnlimited(service) && recentStarts(service, starts, now).length >= service.startLimitBurst;
}

function isUnlimited({ startLimitBurst, startLimitIntervalMs }: Service): boolean {
  return startLimitBurst === 0 || startLimitIntervalMs === 0;
}
