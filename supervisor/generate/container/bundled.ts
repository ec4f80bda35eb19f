import type { Probe, Unit } from "../../unit/unit.ts";

/** What of the bundled services a unit runs. */
export type Bundled = "api" | "worker" | "all-in-one";

/** Recognises the bundled services by their command: `services/main.ts run api`. */
export function bundledMode({ service }: Unit): Bundled | null {
  const { exec } = service;
  if (exec.tag !== "script" || !/(?:^|\/)services\/main\.ts$/.test(exec.script) || exec.args[0] !== "run") return null;
  return MODES.find((mode) => mode === exec.args[1]) ?? null;
}

/** The name of the listener that nobody but the process itself has. */
export const PRIVATE = "private";

/** A unit's probes, and for the bundled services those that their unit does not name: the routes are theirs anyway. */
export function probesOf(unit: Unit): Unit["probes"] {
  const mode = bundledMode(unit);
  if (mode === null) return unit.probes;
  const listener = mode === "worker" ? PRIVATE : unit.sockets[0]?.name;
  if (listener === undefined) return unit.probes;
  const ask = (path: string): Probe => ({ ...RHYTHM, ask: { tag: "listener", listener, path } });
  return { readiness: ask("/readyz"), liveness: ask("/healthz"), ...unit.probes };
}

const MODES = ["api", "worker", "all-in-one"] as const;

/** Source: Kubernetes' defaults, which are the unit file's. */
const RHYTHM = {
  initialDelayMs: 0,
  periodMs: 10_000,
  timeoutMs: 1_000,
  failureThreshold: 3,
  successThreshold: 1,
} as const;
