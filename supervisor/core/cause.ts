import { type Fault, unreachable } from "../unit/fault.ts";
import type { Result } from "../unit/status.ts";
import type { ProbeKind } from "../unit/unit.ts";
import type { ChoreKind, Exit, SpawnStage } from "./facts.ts";

/** Why a process ended or never was: the first cause wins and is kept. */
export type Cause = Readonly<
  | { tag: "exited"; exit: Exit; clean: boolean; ready: boolean }
  | { tag: "spawn-failed"; stage: SpawnStage; code: string; message: string }
  | { tag: "start-timeout"; limitMs: number }
  | { tag: "stop-timeout"; limitMs: number }
  | { tag: "runtime-max"; limitMs: number }
  | { tag: "watchdog"; limitMs: number | null }
  | { tag: "probe"; kind: ProbeKind; failures: number; detail: string }
  /** A command of the unit failed. `program`: the first word of it. */
  | { tag: "command"; kind: ChoreKind; program: string; by: Cause }
  | { tag: "late"; limitMs: number }
  | { tag: "start-limit"; burst: number; intervalMs: number; last: Cause }
  | { tag: "not-serving"; listeners: readonly string[] }
  /** It says itself that it ends, though it was to serve. */
  | { tag: "stopping" }
  | { tag: "old-exited"; exit: Exit }
  /** Another instance of the unit kept its old generation. */
  | { tag: "sibling"; instance: number; by: Cause | null }
  | { tag: "stopped" }
>;

/** True when the unit ends up `failed` by it. */
export function isFailure(cause: Cause): boolean {
  switch (cause.tag) {
    case "exited":
      return !cause.clean;
    case "spawn-failed":
    case "start-timeout":
    case "stop-timeout":
    case "runtime-max":
    case "watchdog":
    case "probe":
    case "command":
    case "late":
    case "not-serving":
    case "stopping":
    case "start-limit":
      return true;
    case "sibling":
    case "old-exited":
    case "stopped":
      return false;
    default:
      return unreachable(cause);
  }
}

/** systemd's word for it. Source: systemd's ServiceResult. */
export function result(cause: Cause | null): Result {
  if (cause === null || !isFailure(cause)) return "success";
  switch (cause.tag) {
    case "exited":
      if (cause.exit.by === "signal") return signalResult(cause.exit);
      return cause.exit.by === "code" && cause.exit.code === 0 ? "protocol" : "exit-code";
    case "spawn-failed":
      return cause.stage === "listen" || cause.stage === "output" ? "resources" : "exit-code";
    case "start-timeout":
    case "stop-timeout":
    case "runtime-max":
    case "late":
      return "timeout";
    case "watchdog":
      return "watchdog";
    case "probe":
      return "probe";
    case "command":
      return result(cause.by);
    case "not-serving":
    case "stopping":
      return "protocol";
    case "start-limit":
      return "start-limit-hit";
    default:
      return "success";
  }
}

function signalResult({ core, oom }: Extract<Exit, { by: "signal" }>): Result {
  if (oom) return "oom-kill";
  return core ? "core-dump" : "signal";
}

/** One clause for people. Shape: `exited with code 3 before it was ready`. */
export function describe(cause: Cause): string {
  switch (cause.tag) {
    case "exited":
      return cause.ready ? exitText(cause.exit) : `${exitText(cause.exit)} before it was ready`;
    case "spawn-failed":
      return `failed at stage ${cause.stage}: ${cause.message}`;
    case "start-timeout":
      return `was not ready within ${spanText(cause.limitMs)}`;
    case "stop-timeout":
      return `did not stop within ${spanText(cause.limitMs)} and was killed`;
    case "runtime-max":
      return `has run for as long as it may (${spanText(cause.limitMs)})`;
    case "watchdog":
      return cause.limitMs === null
        ? "asked to be restarted (WATCHDOG=trigger)"
        : `gave no sign of life for ${spanText(cause.limitMs)}`;
    case "probe":
      return `failed its ${cause.kind} probe ${cause.failures === 1 ? "once" : `${cause.failures} times`}: ${cause.detail}`;
    case "command":
      return `failed at stage ${cause.kind}: ${cause.program} ${describe(cause.by)}`;
    case "late":
      return `took longer than ${spanText(cause.limitMs)}`;
    case "start-limit":
      return `gave up after ${cause.burst} starts within ${spanText(cause.intervalMs)}: it ${describe(cause.last)}`;
    case "not-serving":
      return `said that it is ready, but does not serve listener ${cause.listeners.join(", ")}`;
    case "stopping":
      return "said that it stops (STOPPING=1)";
    case "old-exited":
      return `the old generation ${exitText(cause.exit)} during the handover`;
    case "sibling":
      return `instance ${cause.instance} keeps its old generation${cause.by ? `: the new one ${describe(cause.by)}` : ""}`;
    case "stopped":
      return "was stopped";
    default:
      return unreachable(cause);
  }
}

export function exitText(exit: Exit): string {
  if (exit.by === "code") return `exited with code ${exit.code}`;
  if (exit.by === "unknown") return "ended while nobody was there to see how";
  const how = exit.oom ? " (out of memory)" : exit.core ? " (core dumped)" : "";
  return `was killed by ${exit.signal}${how}`;
}

/** The innermost reason, for the line that a user reads first. */
export function root(cause: Cause): Cause {
  return cause.tag === "start-limit" ? root(cause.last) : cause;
}

/** The fault that a command answers with. */
export function faultCode(cause: Cause): Fault["code"] {
  return root(cause).tag === "spawn-failed" ? "spawn-failed" : "start-failed";
}

function spanText(ms: number): string {
  return ms % 1000 === 0 || ms > 10_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms)} ms`;
}
