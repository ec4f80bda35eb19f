import type { Service } from "../unit/unit.ts";

/** The part of a delay that jitter may take away, so that services which died together do not come back together. */
const jitter = 0.25;

/**
 * The pause before a restart.
 * Shape: restart_sec 100 ms, 4 steps, at most 1.6 s → 100, 200, 400, 800, 1600, 1600 … ms, each up to a quarter shorter by jitter.
 * Units: `streak` counts the restarts in a row before this one; `roll` is uniform in [0, 1); milliseconds.
 * Source: systemd.service(5), RestartSteps= and RestartMaxDelaySec=; without steps the pause is restart_sec, as it stands.
 */
export function restartDelayMs(service: Service, streak: number, roll: number): number {
  const { restartMs, restartSteps, restartMaxDelayMs } = service;
  if (restartSteps === 0 || restartMaxDelayMs <= restartMs) return restartMs;
  const first = Math.max(restartMs, 1);
  const growth = (restartMaxDelayMs / first) ** (Math.min(streak, restartSteps) / restartSteps);
  return Math.round(first * growth * (1 - jitter * roll));
}
