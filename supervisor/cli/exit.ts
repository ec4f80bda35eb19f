import type { Miss, Verdict } from "../control/client.ts";
import type { FaultCode } from "../unit/fault.ts";

/** The exit codes of the command line. They are API: scripts branch on them. Source: the contract, §2. */
export const exit = {
  done: 0,
  failed: 1,
  usage: 2,
  notActive: 3,
  denied: 4,
  /** A query's "no such unit". Source: systemctl(1), which follows the LSB. */
  unknownToQuery: 4,
  unitUnknown: 5,
  invalid: 6,
  notRunning: 7,
  keptOld: 8,
  timedOut: 124,
} as const;

/** Whether a verb only asks: what is unknown then has the code that scripts know from systemctl. */
export type Asking = "query" | "order";

const byFault: Readonly<Record<FaultCode, number>> = {
  "unit-invalid": exit.invalid,
  "unit-unknown": exit.unitUnknown,
  "unit-required": exit.failed,
  "dependency-cycle": exit.invalid,
  "placeholder-missing": exit.invalid,
  "listener-busy": exit.failed,
  "listener-failed": exit.failed,
  "spawn-failed": exit.failed,
  "credential-failed": exit.failed,
  "handover-kept-old": exit.keptOld,
  "start-failed": exit.failed,
  "timed-out": exit.timedOut,
  "request-invalid": exit.usage,
  "shutting-down": exit.failed,
  "release-unknown": exit.unitUnknown,
  "release-bad": exit.keptOld,
  "release-busy": exit.failed,
  "not-supported": exit.failed,
};

const byResult: Readonly<Record<Verdict["result"], number>> = {
  done: exit.done,
  failed: exit.failed,
  "kept-old": exit.keptOld,
  refused: exit.failed,
  "timed-out": exit.timedOut,
};

/** Several units, one code: a failure outranks a kept generation, which outranks a wait that is over. */
export function exitOfVerdicts(verdicts: readonly Verdict[]): number {
  const codes = new Set(verdicts.map((verdict) => byResult[verdict.result]));
  return [exit.failed, exit.keptOld, exit.timedOut].find((code) => codes.has(code)) ?? exit.done;
}

export function exitOfFault(code: FaultCode, asking: Asking): number {
  return code === "unit-unknown" && asking === "query" ? exit.unknownToQuery : byFault[code];
}

export function exitOfMiss(miss: Miss, asking: Asking): number {
  switch (miss.tag) {
    case "refused":
      return exitOfFault(miss.faults[0].code, asking);
    case "not-running":
      return exit.notRunning;
    case "denied":
      return exit.denied;
    case "timed-out":
      return exit.timedOut;
    case "cut":
    case "broken":
      return exit.failed;
  }
}
