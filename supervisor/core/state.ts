import type { Cause } from "./cause.ts";
import type { ChoreKind, Exit, Instant, InvocationId } from "./facts.ts";
import { nextAsk, type Watches } from "./probe.ts";

/**
 * Everything remembered about one instance of a service: plain data, so that it can be logged, stored and compared.
 *
 * Two axes. `wanted` is the operator's will; only an order changes it. `phase` is what is; only facts and gates change it.
 *
 * The phases:
 *   inactive   no process, because nobody wanted one or the operator stopped it. The only phase from which a start is made.
 *   starting   `run` is on its way: the commands before it, the process, its word that it is ready, the probes that stand
 *              between that and being up, the commands after it. Ends in running, or by policy when it exits or is late.
 *              `heir`: why the old one is gone, where it was the new one of a handover; that handover ends with it.
 *   running    `run` serves. The deadline is runtime_max_sec's, most often never.
 *   replacing  `run` serves, `next` (one generation on) has the same listeners and goes the same way as one that starts.
 *   soaking    both serve; `next` is on probation until the deadline.
 *   stopping   no process serves any more; those that are still there are all in `leaving`. When they are gone, the
 *              commands after a stop are run, once (`cleaned`).
 *   waiting    no process; the next start is due at the deadline (systemd: auto-restart).
 *   finished   it ended by itself, in success, and its policy lets it rest. `holds`: a oneshot, whose work stays done.
 *   failed     it ended by itself, or could not be started, and its policy gives up.
 *
 * Beside the phase, `leaving` holds every process that was told to go: a drained generation, a rejected new one, a stopped
 * one, or what is left of a group whose leader died. Each has a stage and a deadline of its own, and ends in SIGKILL.
 * And `chore` is the command that runs for the unit beside or between its processes: one at a time, in the unit's order.
 * A generation that is replaced or rejected runs none of the stop commands: they would clean up what the other one uses.
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
  chore: Chore | null;
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
  /** The runs of exec_reload: how many began, how many ended, and what the last one ended by; null: well. */
  reload: Readonly<{ began: number; ended: number; cause: Cause | null }>;
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
  | { tag: "stopping"; next: Rest; of: InvocationId | null; cleaned: boolean }
  | { tag: "waiting"; deadline: Instant }
  | { tag: "finished"; holds: boolean }
  | { tag: "failed" }
>;

/** What follows when everybody has left. */
export type Rest = "inactive" | "finished" | "failed" | "waiting";

/** One life that serves or is to serve. `pid` is known once it was spawned, `readyAt` once it was up. */
export type Run = Readonly<{
  invocation: InvocationId;
  generation: number;
  program: Program;
  /** When its start was ordered. */
  orderedAt: Instant;
  /** A process was ordered and has not ended: not yet while the commands before it run, no more once a oneshot is done. */
  exists: boolean;
  pid: number | null;
  /** When it said that it is ready, or was spawned where that is all there is to say. What its probes say comes after. */
  announcedAt: Instant | null;
  readyAt: Instant | null;
  /** Its own words, STATUS=. */
  says: string | null;
  /** The error that goes with them, ERRNO=. */
  errno: number | null;
  /** Its own words, RELOADING=1 and STOPPING=1. */
  mood: "reloading" | "stopping" | null;
  /** When it is taken for hung unless it gives a sign before, and how long each sign holds; null without a watchdog. */
  watchdog: Readonly<{ at: Instant; everyMs: number }> | null;
  probes: Watches;
}>;

/** A program as the files had it when a life was ordered: a run's own, or an earlier one that it went back to. `release`: of which it is. */
export type Program = Readonly<{ life: InvocationId; generation: number; at: Instant; release: string | null }>;

/**
 * One process that was told to go: the old generation of a handover (`drain`, within drain_sec), a stopped one, a rejected
 * new generation, what is left of a group (`stop`, within timeout_stop_sec), or a command that is not wanted any more
 * (`chore`). `held`: exec_stop is at work on it, no signal was sent. Once `killed`, SIGKILL was sent and the deadline is for
 * giving up on a process that even that does not end. `orphaned`: the leader was reaped, members of its group are left.
 */
export type Leaving = Readonly<{
  run: Run;
  purpose: "drain" | "stop" | "chore";
  held: boolean;
  killed: boolean;
  orphaned: boolean;
  since: Instant;
  deadline: Instant;
}>;

/**
 * One command of the unit that is being run: `exec_start_pre` and the like, the one at `index`. `run` is its own process,
 * `of` the life that it is run for. The deadline of those that belong to a start is that of the start.
 */
export type Chore = Readonly<{ kind: ChoreKind; index: number; run: Run; of: InvocationId | null; deadline: Instant }>;

/**
 * The handovers of this instance. A handover that begins takes the ticket `serial + 1`; whoever asks for one while another
 * is on its way joins the queued one. `last` is the verdict of the newest that ended.
 */
export type Handover = Readonly<{
  serial: number;
  /** When the one that is to begin next was asked for, or null. */
  queued: Rollout | null;
  /** The rollout of the one that began last. */
  rollout: Rollout | null;
  /** What it goes back to if a sibling does not follow, oldest first: rollouts may overlap. Empty once the unit agrees. */
  undo: readonly Undo[];
  last: HandoverEnd | null;
}>;

/** The handovers of a unit's instances that were asked for together: all of them happen, or none. Units: when that was. */
export type Rollout = Instant;

/** The program that was replaced, and the rollout it was replaced in. */
export type Undo = Readonly<{ program: Program; rollout: Rollout }>;

export type HandoverEnd = Readonly<{
  ticket: number;
  rollout: Rollout;
  /** True for a handover back to an older program. */
  back: boolean;
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
  chore: null,
  bounce: false,
  generation: 0,
  starts: [],
  streak: 0,
  restarts: 0,
  handover: { serial: 0, queued: null, rollout: null, undo: [], last: null },
  reload: { began: 0, ended: 0, cause: null },
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

/** The one that is on its way up: it is started, or is to replace the one that serves. */
export function coming({ phase }: State): Run | null {
  if (phase.tag === "starting") return phase.run;
  return phase.tag === "replacing" ? phase.next : null;
}

/** Every process there is or was ordered: serving, leaving, or a command of the unit. */
export function runs(state: State): readonly Run[] {
  const others = state.leaving.map((one) => one.run);
  return state.chore ? [...serving(state), ...others, state.chore.run] : [...serving(state), ...others];
}

/** True while no process exists and none is due. */
export function atRest({ phase, leaving, chore }: State): boolean {
  const { tag } = phase;
  return leaving.length === 0 && chore === null && (tag === "inactive" || tag === "finished" || tag === "failed");
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

/** False while a readiness probe says that it cannot serve now: nobody who needs it is started then. */
export function isReady(state: State): boolean {
  return isUp(state) && mainRun(state)?.probes.readiness?.verdict !== "failing";
}

/** When something is due next, or null. */
export function nextDeadline(state: State): Instant | null {
  const { phase, leaving, chore } = state;
  let next = "deadline" in phase ? phase.deadline : Number.POSITIVE_INFINITY;
  if (chore) next = Math.min(next, chore.deadline);
  for (const one of leaving) next = Math.min(next, one.deadline);
  for (const run of serving(state)) next = Math.min(next, run.watchdog?.at ?? next, nextAsk(run.probes));
  return next === Number.POSITIVE_INFINITY ? null : next;
}
