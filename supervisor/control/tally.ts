import type { Desk, Happening } from "../daemon/ports.ts";
import type { Chain } from "../unit/reason.ts";
import { Histogram } from "./metrics/histogram.ts";

/** How a handover may end, as its happening is called: `handover.done`. */
export const handoverResults = ["done", "kept-old", "failed"] as const;

/** Why a process was started again: what its end came to, or who wanted it. */
export const restartReasons = [
  "exit-code",
  "signal",
  "core-dump",
  "oom-kill",
  "watchdog",
  "probe",
  "timeout",
  "resources",
  "protocol",
  "dependency",
  "manual",
] as const;

type HandoverResult = (typeof handoverResults)[number];
type RestartReason = (typeof restartReasons)[number];

/** What has happened to one unit since the control plane was made. The status holds only what was last, and a counter must not forget. */
export type UnitTally = Readonly<{
  handovers: Record<HandoverResult, number>;
  restarts: Record<RestartReason, number>;
  readySeconds: Histogram;
  handoverSeconds: Histogram;
  drainSeconds: Histogram;
}>;

/** By unit. Live: reading it costs nothing. */
export type Tallies = ReadonlyMap<string, UnitTally>;

/** Counts what happens, until the signal. */
export function countHappenings(desk: Desk, signal: AbortSignal, onBug: (error: unknown) => void): Tallies {
  const tallies = new Map<string, UnitTally>();
  /** When the handover of each instance began. Units: Unix milliseconds. */
  const begun = new Map<string, number>();
  const listen = async () => {
    for await (const happening of desk.happenings(0, signal)) {
      if (happening.unit === null) continue;
      const tally = tallies.get(happening.unit) ?? newTally();
      tallies.set(happening.unit, tally);
      count(tally, happening, begun);
    }
  };
  listen().catch(onBug);
  return tallies;
}

function newTally(): UnitTally {
  return {
    handovers: { done: 0, "kept-old": 0, failed: 0 },
    restarts: Object.fromEntries(restartReasons.map((reason) => [reason, 0])) as Record<RestartReason, number>,
    readySeconds: new Histogram(),
    handoverSeconds: new Histogram(),
    drainSeconds: new Histogram(),
  };
}

function count(tally: UnitTally, happening: Happening, begun: Map<string, number>): void {
  const { event, cause, duration_ms: durationMs, unit, instance } = happening;
  const whom = `${unit}@${instance}`;
  const atMs = Date.parse(happening.at);
  if (event === "service.ready" && durationMs !== null) tally.readySeconds.observe(durationMs / 1000);
  if (event === "handover.drained" || event === "handover.drain-killed") {
    if (durationMs !== null) tally.drainSeconds.observe(durationMs / 1000);
  }
  if (event === "service.waiting" && cause) tally.restarts[reasonOf(cause)]++;
  if (event === "service.starting" && (cause?.tag === "manual" || cause?.tag === "dependency")) {
    if (isAgain(cause)) tally.restarts[cause.tag]++;
  }
  if (event === "handover.began") begun.set(whom, atMs);
  const result = handoverResults.find((each) => event === `handover.${each}`);
  if (result === undefined) return;
  tally.handovers[result]++;
  const beganMs = begun.get(whom);
  if (result === "done" && beganMs !== undefined) {
    tally.handoverSeconds.observe(Math.max(0, atMs - beganMs) / 1000);
  }
  begun.delete(whom);
}

/** A start for the first time is no restart. */
function isAgain(cause: Chain): boolean {
  const ordered = [cause, ...cause.because].find((reason) => reason.tag === "manual");
  if (ordered?.tag === "manual") return ordered.order === "restart";
  return cause.tag === "dependency" && cause.relation === "binds_to";
}

function reasonOf(cause: Chain): RestartReason {
  const inner = cause.tag === "command" || cause.tag === "old-generation" ? cause.because[0] : cause;
  switch (inner?.tag) {
    case "signal":
      return inner.core ? "core-dump" : "signal";
    case "oom":
      return "oom-kill";
    case "watchdog":
    case "probe":
    case "timeout":
    case "dependency":
      return inner.tag;
    case "spawn":
      return inner.stage === "listen" || inner.stage === "output" ? "resources" : "exit-code";
    case "not-serving":
    case "stopping":
      return "protocol";
    default:
      return "exit-code";
  }
}
