import type { Cause } from "./cause.ts";
import type { Exit, Instant, InvocationId } from "./facts.ts";

/**
 * Everything remembered about one instance of a service: plain data, so that it can be logged, stored and compared.
 *
 * Two axes. `wanted` is the operator's will; only an order changes it. `phase` is what is; only facts and gates change it.
 *
 * The phases:
 *   inactive   no process, because nobody wanted one or the operator stopped it. The only phase from which a start is made.
 *   starting   `run` was ordered and has not said that it is ready. Ends in running, or by policy when it exits or is late.
 *              `heir`: why the old one is gone, where it was the new one of a handover; that handover ends with it.
 *   running    `run` serves. The deadline is runtime_max_sec's, most often never.
 *   replacing  `run` serves, `next` (one generation on) has the same listeners and has not said that it is ready.
 *   soaking    both serve; `next` is on probation until the deadline.
 *   stopping   no process serves any more; those that are still there are all in `leaving`.
 *   waiting    no process; the next start is due at the deadline (systemd: auto-restart).
 *   finished   it ended by itself, in success, and its policy lets it rest. `holds`: a oneshot, whose work stays done.
 *   failed     it ended by itself, or could not be started, and its policy gives up.
 *
 * Beside the phase, `leaving` holds every process that was told to go: a drained generation, a rejected new one, a stopped
 * one, or what is left of a group whose leader died. Each has a stage and a deadline of its own, and ends in SIGKILL.
 *
 *   wanted  phase                        what happens without an order
 *   up      inactive                     started as soon as the graph allows
 *   up      starting … soaking           goes on
 *   up      stopping                     started again once everybody has left (restart, or a start during the stop)
 *   up      waiting                      started at the deadline
 *   up      finished, failed             rests until an order: `start` (or `restart`) makes it inactive, and so started
 *   down    inactive, finished, failed   rests
 *   down    starting … soaking           stopped as soon as the graph allows: those that need it go first
 *   down    stopping                     rests once everybody has left
 *   down    waiting                      becomes inactive at once
 *
 * Who wins: a stop beats a handover (both generations leave), a start during a stop is kept for afterwards, the first cause
 * of an end is kept. In a handover the old generation wins every tie: unless the new one is ready and outlives the soak
 * (or the old one is gone), nothing has happened. One process more than the service needs is the most there ever is: a
 * handover waits until `leaving` is empty.
 */
export type State = Readonly<{
  wanted: "up" | "down";
  phase: Phase;
  leaving: readonly Leaving[];
  /** The process has to end and then `wanted` applies: a restart on its way. */
  bounce: boolean;
  /** The newest generation ever tried; a rejected one keeps its number. */
  generation: number;
  /** When the automatic starts that count for the start limit were made. */
  starts: readonly Instant[];
  /** Restarts in a row, for the backoff. */
  streak: number;
  /** Automatic restarts since the operator last started it. */
  restarts: number;
  handover: Handover;
  /** The end that `result` speaks of; null while all is well. */
  cause: Cause | null;
  lastExit: Readonly<{ exit: Exit; at: Instant; invocation: InvocationId }> | null;
}>;

export type Phase = Readonly<
  | { tag: "inactive" }
  | { tag: "starting"; run: Run; deadline: Instant; heir: Cause | null }
  | { tag: "running"; run: Run; deadline: Instant }
  | { tag: "replacing"; run: Run; next: Run; deadline: Instant }
  | { tag: "soaking"; run: Run; next: Run; deadline: Instant }
  | { tag: "stopping"; next: Rest }
  | { tag: "waiting"; deadline: Instant }
  | { tag: "finished"; holds: boolean }
  | { tag: "failed" }
>;

/** What follows when everybody has left. */
export type Rest = "inactive" | "finished" | "failed" | "waiting";

/** One process that serves or is to serve. `pid` is known once it was spawned, `readyAt` once it said so. */
export type Run = Readonly<{
  invocation: InvocationId;
  generation: number;
  orderedAt: Instant;
  pid: number | null;
  readyAt: Instant | null;
  /** Its own words, STATUS=. */
  says: string | null;
  /** When it is taken for hung unless it gives a sign before, and how long each sign holds; null without a watchdog. */
  watchdog: Readonly<{ at: Instant; everyMs: number }> | null;
}>;

/**
 * One process that was told to go: the old generation of a handover (`drain`, within drain_sec), or a stopped one, a
 * rejected new generation, what is left of a group (`stop`, within timeout_stop_sec). Once `killed`, SIGKILL was sent and
 * the deadline is for giving up on a process that even that does not end. `orphaned`: the leader was reaped, members of its
 * group are left.
 */
export type Leaving = Readonly<{
  run: Run;
  purpose: "drain" | "stop";
  killed: boolean;
  orphaned: boolean;
  since: Instant;
  deadline: Instant;
}>;

/**
 * The handovers of this instance. A handover that begins takes the ticket `serial + 1`; whoever asks for one while another
 * is on its way joins the queued one. `last` is the verdict of the newest that ended.
 */
export type Handover = Readonly<{ serial: number; queued: boolean; last: HandoverEnd | null }>;

export type HandoverEnd = Readonly<{
  ticket: number;
  result: "done" | "kept-old" | "failed";
  cause: Cause | null;
  /** The process that the verdict speaks of: the new generation's. */
  invocation: InvocationId | null;
  readyMs: number | null;
  drainMs: number | null;
}>;

export const fresh: State = {
  wanted: "down",
  phase: { tag: "inactive" },
  leaving: [],
  bounce: false,
  generation: 0,
  starts: [],
  streak: 0,
  restarts: 0,
  handover: { serial: 0, queued: false, last: null },
  cause: null,
  lastExit: null,
};

/** The process that is the service now, if one is. Shape: in a handover the old one. */
export function mainRun(state: State): Run | null {
  return "run" in state.phase ? state.phase.run : null;
}

/** The processes that serve or are to serve. Shape: in a handover the old one, then the new one. */
export function serving({ phase }: State): readonly Run[] {
  if (phase.tag === "replacing" || phase.tag === "soaking") return [phase.run, phase.next];
  return "run" in phase ? [phase.run] : [];
}

/** Every process there is or was ordered, serving or leaving. */
export function runs(state: State): readonly Run[] {
  return [...serving(state), ...state.leaving.map((one) => one.run)];
}

/** True while no process exists and none is due. */
export function atRest({ phase, leaving }: State): boolean {
  const { tag } = phase;
  return leaving.length === 0 && (tag === "inactive" || tag === "finished" || tag === "failed");
}

/** True for a oneshot whose work is done and stays so: active, without a process. */
export function holdsWork({ phase }: State): boolean {
  return phase.tag === "finished" && phase.holds;
}

/** True on the way up from rest: it was not lost, it is not there yet. Not so the heir of an old generation. */
export function isComing({ phase, wanted, bounce }: State): boolean {
  if (wanted === "down" || bounce) return false;
  return phase.tag === "inactive" || (phase.tag === "starting" && phase.heir === null);
}

/** True while it serves, in a handover too. */
export function isUp({ phase }: State): boolean {
  return phase.tag === "running" || phase.tag === "replacing" || phase.tag === "soaking";
}

/** When something is due next, or null. */
export function nextDeadline(state: State): Instant | null {
  const { phase, leaving } = state;
  const due = leaving.map((one) => one.deadline);
  if ("deadline" in phase) due.push(phase.deadline);
  for (const { watchdog } of serving(state)) if (watchdog) due.push(watchdog.at);
  const next = Math.min(...due);
  return next === Number.POSITIVE_INFINITY ? null : next;
}
