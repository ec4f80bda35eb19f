import type { Unit } from "../unit/unit.ts";
import type { Cause } from "./cause.ts";
import type { Effect, Report } from "./effect.ts";
import type { Tick } from "./event.ts";
import type { Instant, InvocationId } from "./facts.ts";
import type { Phase, Program, Run, State } from "./state.ts";

/** What every decision may look at. `mint` names the one process that this turn may order. */
export type Context = Readonly<{ unit: Unit; tick: Tick; mint: InvocationId }>;

/** A decision: what is remembered from now on, and what is to be done, in order. */
export type Step = Readonly<{ state: State; effects: readonly Effect[] }>;

export const stay = (state: State): Step => ({ state, effects: [] });

export function set(step: Step, change: Partial<State>): Step {
  return { ...step, state: { ...step.state, ...change } };
}

export function perform(step: Step, ...effects: readonly Effect[]): Step {
  return { ...step, effects: [...step.effects, ...effects] };
}

export function report(step: Step, what: Report): Step {
  return perform(step, { tag: "report", report: what });
}

/** Enters a phase. A move between two phases is told once, with its cause. */
export function move(step: Step, phase: Phase, cause: Cause | null = null): Step {
  const from = step.state.phase.tag;
  const moved = set(step, { phase });
  if (from === phase.tag) return moved;
  const invocation = "run" in phase ? phase.run.invocation : null;
  return report(moved, { tag: "moved", from, to: phase.tag, cause, invocation });
}

/** A life that is to begin, under the name of this turn. No process is ordered yet. */
export function newRun({ unit, mint, tick }: Context, generation: number, program: Program | null = null): Run {
  return {
    invocation: mint,
    generation,
    program: program ?? { life: mint, generation, at: tick.now, release: unit.release },
    orderedAt: tick.now,
    exists: false,
    pid: null,
    announcedAt: null,
    readyAt: null,
    says: null,
    errno: null,
    mood: null,
    watchdog: null,
    probes: {},
  };
}

/** Changes what is known of one life, wherever it is. */
export function amend(step: Step, invocation: InvocationId, change: Partial<Run>): Step {
  const touch = (run: Run): Run => (run.invocation === invocation ? { ...run, ...change } : run);
  const { phase, leaving, chore } = step.state;
  const isBeside = chore !== null || leaving.length > 0;
  const known = isBeside
    ? set(step, {
        leaving: leaving.map((one) => ({ ...one, run: touch(one.run) })),
        chore: chore && { ...chore, run: touch(chore.run) },
      })
    : step;
  if (phase.tag === "replacing" || phase.tag === "soaking") {
    return set(known, { phase: { ...phase, run: touch(phase.run), next: touch(phase.next) } });
  }
  return "run" in phase ? set(known, { phase: { ...phase, run: touch(phase.run) } }) : known;
}

/** The run that is up from now on, and watched. */
export function readied({ unit, tick }: Context, run: Run): Run {
  const everyMs = run.watchdog?.everyMs ?? unit.service.watchdogMs;
  return { ...run, readyAt: tick.now, watchdog: watchdogFrom(tick.now, everyMs) };
}

/** The watchdog of a process that has just given a sign of life; with 0 nobody watches it. */
export function watchdogFrom(now: Instant, everyMs: number): Run["watchdog"] {
  return everyMs > 0 ? { at: now + everyMs, everyMs } : null;
}

/** The phase of a run that serves alone, for as long as runtime_max_sec lets it, or its own word that it stops. */
export function runningPhase({ unit, tick }: Context, run: Run): Phase {
  const { runtimeMaxMs, timeoutStopMs } = unit.service;
  const end = (run.readyAt ?? tick.now) + runtimeMaxMs;
  const stopBy = run.mood === "stopping" ? tick.now + timeoutStopMs : Infinity;
  // A generation that was kept may have run too long already: then its time is up now, and not in the past.
  return { tag: "running", run, deadline: Math.max(Math.min(end, stopBy), tick.now) };
}
