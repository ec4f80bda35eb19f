import type { Unit } from "../unit/unit.ts";
import type { Cause } from "./cause.ts";
import { failureOf } from "./chore.ts";
import type { Effect } from "./effect.ts";
import type { InvocationId, Survivor } from "./facts.ts";
import { arrive, blame } from "./rest.ts";
import type { Leaving, Run } from "./state.ts";
import { type Context, perform, report, type Step, set } from "./turn.ts";

/** How long SIGKILL may take before a process is given up as one that the kernel does not let go. */
const killPatienceMs = 10_000;

/** Asks a process to go; a hung one by a signal of its own. */
export function dismiss(
  context: Context,
  step: Step,
  run: Run,
  purpose: Leaving["purpose"],
  signal = context.unit.service.killSignal,
): Step {
  if (!run.exists) return step;
  const { now } = context.tick;
  const one: Leaving = { ...unkilled, run, purpose, since: now, deadline: now + limitMs(context, purpose) };
  return enlist(perform(step, { ...signalOf(context.unit, one), signal }), one);
}

/** How one of those that are told to go is told so. */
export function signalOf({ service }: Unit, { run, purpose, killed, orphaned }: Leaving): Signal {
  const { killMode, killSignal, finalKillSignal } = service;
  const { invocation } = run;
  if (killed) {
    return { tag: "signal", invocation, signal: finalKillSignal, scope: killMode === "process" ? "main" : "group" };
  }
  // A drain is for the process that serves: its helpers work for requests that are still in flight.
  const isForAll = orphaned || (killMode === "control-group" && purpose === "stop");
  return { tag: "signal", invocation, signal: killSignal, scope: isForAll ? "group" : "main" };
}

type Signal = Extract<Effect, { tag: "signal" }>;

const unkilled = { held: false, killed: false, orphaned: false } as const;

function enlist(step: Step, one: Leaving): Step {
  return set(step, { leaving: [...step.state.leaving, one] });
}

/** Lists a process that exec_stop is about to ask: it gets its signal when that is done. */
export function hold({ tick }: Context, step: Step, run: Run): Step {
  const one: Leaving = { ...unkilled, run, purpose: "stop", held: true, since: tick.now, deadline: Infinity };
  return enlist(step, one);
}

/** Those whom exec_stop has asked, and who are still there, get their signal. Source: systemd.service(5), ExecStop=. */
export function release(context: Context, step: Step): Step {
  const held = step.state.leaving.filter((one) => one.held);
  const free = set(step, { leaving: step.state.leaving.filter((one) => !one.held) });
  return held.reduce(
    (before, { run, orphaned }) => (orphaned ? sweep(context, before, run) : dismiss(context, before, run, "stop")),
    free,
  );
}

/** A command that is not wanted any more, or that takes too long, is killed. A reload that was waited for has failed by it. */
export function dropChore(context: Context, step: Step, by: Cause = { tag: "stopped" }): Step {
  const { chore, reload } = step.state;
  if (chore === null) return step;
  const { now } = context.tick;
  const one: Leaving = { ...unkilled, run: chore.run, purpose: "chore", since: now, deadline: now };
  const cause = failureOf(context, chore, by);
  const told = chore.kind === "reload" ? set(step, { reload: { ...reload, ended: reload.began, cause } }) : step;
  return kill(context, enlist(set(told, { chore: null }), one), one);
}

/** Turns every drain into a stop: the unit as a whole is to end now. */
export function hurry(context: Context, step: Step): Step {
  const stopBy = context.tick.now + limitMs(context, "stop");
  const hurried = ({ deadline, ...one }: Leaving): Leaving => ({
    ...one,
    purpose: "stop",
    deadline: Math.min(deadline, stopBy),
  });
  return set(step, { leaving: step.state.leaving.map((one) => (one.purpose === "drain" ? hurried(one) : one)) });
}

/**
 * Deals with what is left of a group whose leader died by itself: asked to go as in a stop, or killed where the unit says
 * "mixed", or left alone where it says "process".
 * Source: systemd.kill(5), KillMode=.
 */
export function dismissSurvivors(context: Context, step: Step, run: Run, survivors: readonly Survivor[]): Step {
  if (survivors.length === 0 || context.unit.service.killMode === "process") return step;
  const { invocation } = run;
  return sweep(context, report(step, { tag: "survived", invocation, survivors }), run);
}

/** Asks a group whose leader is gone to go. */
function sweep(context: Context, step: Step, run: Run): Step {
  const { now } = context.tick;
  const deadline = now + limitMs(context, "stop");
  const one: Leaving = { ...unkilled, run, purpose: "stop", orphaned: true, since: now, deadline };
  const listed = enlist(step, one);
  if (context.unit.service.killMode === "mixed") return kill(context, listed, one);
  return perform(listed, signalOf(context.unit, one));
}

/** A leader that had been told to go is gone. Its group may live on until the deadline. */
export function leaderGone(context: Context, step: Step, one: Leaving, survivors: readonly Survivor[]): Step {
  const { killMode } = context.unit.service;
  if (survivors.length === 0 || killMode === "process") return gone(context, step, one);
  const orphan: Leaving = { ...one, orphaned: true };
  const told = report(step, { tag: "survived", invocation: one.run.invocation, survivors });
  if (one.killed || one.held) return replaceLeaving(told, orphan);
  if (killMode === "mixed") return kill(context, told, orphan);
  const known = replaceLeaving(told, orphan);
  if (one.purpose === "stop") return known;
  // The leader may have been a wrapper that passes nothing on: now those behind it are told.
  return perform(known, signalOf(context.unit, orphan));
}

/** Nobody of this group is left. */
export function gone(context: Context, step: Step, one: Leaving): Step {
  const { invocation, generation, pid } = one.run;
  const leaving = step.state.leaving.filter((other) => other.run.invocation !== invocation);
  const without = set(step, { leaving });
  if (one.purpose !== "drain") return arrive(context, without);
  const afterMs = context.tick.now - one.since;
  const told = report(without, { tag: "drained", invocation, generation, pid, afterMs, killed: one.killed });
  const { handover } = told.state;
  const last = handover.last && { ...handover.last, drainMs: afterMs };
  return arrive(context, set(told, { handover: { ...handover, last } }));
}

/** Every process over its limit is killed; one that was killed long ago is given up. */
export function overdue(context: Context, step: Step): Step {
  const due = step.state.leaving.filter((one) => one.deadline <= context.tick.now);
  return due.reduce((before, one) => overLimit(context, before, one), step);
}

function overLimit(context: Context, step: Step, one: Leaving): Step {
  const { invocation, generation } = one.run;
  const limit = limitMs(context, one.purpose);
  if (one.killed || !context.unit.service.sendSigkill) {
    const blamed = one.killed ? step : blameLate(step, one, limit);
    return gone(context, report(blamed, { tag: "abandoned", invocation, generation }), one);
  }
  const told = report(step, { tag: "over-limit", invocation, generation, purpose: one.purpose, limitMs: limit });
  return kill(context, blameLate(told, one, limit), one);
}

function blameLate(step: Step, { purpose }: Leaving, limit: number): Step {
  return purpose === "chore" ? step : blame(step, { tag: "stop-timeout", limitMs: limit });
}

function kill(context: Context, step: Step, one: Leaving): Step {
  const killed: Leaving = { ...one, killed: true, deadline: context.tick.now + killPatienceMs };
  return replaceLeaving(perform(step, signalOf(context.unit, killed)), killed);
}

export function findLeaving(step: Step, invocation: InvocationId): Leaving | undefined {
  return step.state.leaving.find((one) => one.run.invocation === invocation);
}

function replaceLeaving(step: Step, one: Leaving): Step {
  const { invocation } = one.run;
  const leaving = step.state.leaving.map((other) => (other.run.invocation === invocation ? one : other));
  return set(step, { leaving });
}

function limitMs({ unit }: Context, purpose: Leaving["purpose"]): number {
  return purpose === "drain" ? unit.handover.drainMs : unit.service.timeoutStopMs;
}
