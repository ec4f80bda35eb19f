import { unreachable } from "../unit/fault.ts";
import type { RestartPolicy, Service } from "../unit/unit.ts";
import type { Cause } from "./cause.ts";
import type { Exit } from "./facts.ts";

/** Signals that end a service as a matter of course. Source: systemd.service(5), SuccessExitStatus=. */
const cleanSignals: readonly string[] = ["SIGHUP", "SIGINT", "SIGTERM", "SIGPIPE"];

/**
 * True when systemd would call this end a success.
 * Source: systemd.service(5), SuccessExitStatus=: code 0 and the clean signals always count, what the unit lists counts too.
 */
export function isClean(service: Service, exit: Exit): boolean {
  const { codes, signals } = service.successExitStatus;
  if (exit.by === "code") return exit.code === 0 || codes.includes(exit.code);
  // A success that nobody has seen is none: what was to run is better started once too often.
  if (exit.by === "unknown") return false;
  return cleanSignals.includes(exit.signal) || signals.includes(exit.signal);
}

/**
 * Says whether a service that ended by itself is started again.
 * Source: systemd.service(5), the table "Exit causes and the effect of the Restart= settings"; prevent wins over force.
 */
export function isRestarted(service: Service, cause: Cause): boolean {
  if (cause.tag === "command") return isRestarted(service, cause.by);
  if (cause.tag === "spawn-failed" && (cause.stage === "listen" || cause.stage === "command")) return false;
  if (cause.tag === "exited") {
    if (isListed(service.restartPreventExitStatus, cause.exit)) return false;
    if (isListed(service.restartForceExitStatus, cause.exit)) return true;
  }
  return policyAllows(service.restart, cause);
}

function isListed(set: Service["restartForceExitStatus"], exit: Exit): boolean {
  if (exit.by === "unknown") return false;
  return exit.by === "code" ? set.codes.includes(exit.code) : set.signals.includes(exit.signal);
}

function policyAllows(policy: RestartPolicy, cause: Cause): boolean {
  const clean = cause.tag === "exited" && cause.clean;
  const bySignal = cause.tag === "exited" && !cause.clean && cause.exit.by === "signal";
  // A probe is a watchdog that asks.
  const byWatchdog = cause.tag === "watchdog" || cause.tag === "probe";
  const byTimeout =
    cause.tag === "late" ||
    cause.tag === "start-timeout" ||
    cause.tag === "stop-timeout" ||
    cause.tag === "runtime-max";
  switch (policy) {
    case "no":
      return false;
    case "on-watchdog":
      return byWatchdog;
    case "always":
      return true;
    case "on-success":
      return clean;
    case "on-failure":
      return !clean;
    case "on-abnormal":
      return bySignal || byTimeout || byWatchdog;
    case "on-abort":
      return bySignal;
    default:
      return unreachable(policy);
  }
}
