import { unreachable } from "../unit/fault.ts";
import type { Cause } from "./cause.ts";
import type { ProcessFact } from "./event.ts";
import type { Exit, Survivor } from "./facts.ts";
import { inherit, keepOld, loseOld, reject } from "./handover.ts";
import { findLeaving, gone, leaderGone } from "./leave.ts";
import { answered, healthOf } from "./probe.ts";
import { advance, announce, choreEnded, finishWork } from "./progress.ts";
import { blame } from "./rest.ts";
import { isClean } from "./restart.ts";
import { ended } from "./service.ts";
import { type Chore, type Run, runs, serving } from "./state.ts";
import { amend, type Context, report, type Step, set, watchdogFrom } from "./turn.ts";
import { unfit } from "./unfit.ts";

/** Hears a fact about one process. A stale one, about a process that nobody waits for any more, changes nothing. */
export function fact(context: Context, here: Step, event: ProcessFact): Step {
  const { chore } = here.state;
  if (chore?.run.invocation === event.invocation) return choreFact(context, here, chore, event);
  switch (event.tag) {
    case "spawned": {
      const known = amend(here, event.invocation, { pid: event.pid });
      const { type } = context.unit.service;
      return type === "notify" || type === "oneshot" ? known : announce(context, known, event.invocation);
    }
    case "main-pid": {
      const run = runs(here.state).find((one) => one.invocation === event.invocation);
      const isStale = !run?.exists || findLeaving(here, event.invocation)?.orphaned;
      return isStale ? here : amend(here, event.invocation, { pid: event.pid });
    }
    case "mood":
      return changeMood(context, here, event.invocation, event.mood);
    case "answered":
      return hearAnswer(context, here, event);
    case "says":
      return amend(here, event.invocation, { ...(event.text !== null && { says: event.text }), errno: event.errno });
    case "alive":
      return signOfLife(context, here, event.invocation, event.everyMs);
    case "hung": {
      const run = serving(here.state).find((one) => one.invocation === event.invocation && one.readyAt !== null);
      return run ? unfit(context, here, run, { tag: "watchdog", limitMs: null }) : here;
    }
    case "extend":
      return extend(here, event.invocation, context.tick.now + event.byMs);
    case "ready":
      // The work of a oneshot is done when it ends, whatever it says before. Source: sd_notify(3), READY=.
      return context.unit.service.type === "oneshot" ? here : becomeReady(context, here, event.invocation, event.idle);
    case "spawn-failed": {
      const told = findLeaving(here, event.invocation);
      if (told) return gone(context, here, told);
      return lost(context, here, event.invocation, spawnCause(event), []);
    }
    case "exited":
      return exited(context, here, event);
    case "emptied": {
      const one = findLeaving(here, event.invocation);
      return one?.orphaned ? gone(context, here, one) : here;
    }
    default:
      return unreachable(event);
  }
}

function exited(context: Context, here: Step, event: Gone): Step {
  const { invocation, exit, survivors } = event;
  const run = runs(here.state).find((one) => one.invocation === invocation);
  const told = findLeaving(here, invocation);
  if (!run?.exists || told?.orphaned) return here;
  if (told?.purpose === "chore") return leaderGone(context, here, told, survivors);
  const cause = exitCause(context, run, exit);
  const { generation, pid } = run;
  const known = report(here, { tag: "exited", invocation, generation, pid, cause });
  const noted = set(known, { lastExit: { exit, at: context.tick.now, invocation } });
  if (!told) return lost(context, noted, invocation, cause, survivors);
  return leaderGone(context, told.killed ? noted : blameExit(context, noted, cause), told, survivors);
}

/** What becomes of the command that is being run. */
function choreFact(context: Context, here: Step, chore: Chore, event: ProcessFact): Step {
  switch (event.tag) {
    case "spawned":
      return amend(here, event.invocation, { pid: event.pid });
    case "spawn-failed":
      return choreEnded(context, here, { chore, by: spawnCause(event) });
    case "exited": {
      const by: Cause = { tag: "exited", exit: event.exit, clean: false, ready: true };
      return choreEnded(context, here, { chore, by }, event.survivors);
    }
    default:
      return here;
  }
}

type Gone = Extract<ProcessFact, { tag: "exited" }>;

/** A stop that ends uncleanly leaves the unit failed, as with systemd. An end that nobody saw, of one that was told to go, is no such. */
function blameExit({ unit }: Context, step: Step, cause: Cause): Step {
  if (cause.tag !== "exited" || cause.exit.by === "unknown" || isClean(unit.service, cause.exit)) return step;
  return blame(step, { ...cause, clean: false });
}

/** A process that serves, or was to serve, is no more. */
function lost(context: Context, here: Step, invocation: string, cause: Cause, survivors: readonly Survivor[]): Step {
  const { phase } = here.state;
  if (!("run" in phase)) return here;
  if (phase.run.invocation === invocation) {
    if (phase.tag === "replacing") return loseOld(context, here, phase, cause, survivors);
    if (phase.tag === "soaking") return inherit(context, here, phase, cause, survivors);
    if (isWorkDone(context, here, cause)) return finishWork(context, here, phase.run, survivors);
    return ended(context, here, { run: phase.run, cause }, survivors);
  }
  if (phase.tag !== "starting" && phase.tag !== "running" && phase.next.invocation === invocation)
    return keepOld(context, here, phase, cause, survivors);
  return here;
}

/** A oneshot that has done its work, and has commands to run before it counts as up. */
function isWorkDone({ unit: { service } }: Context, { state }: Step, cause: Cause): boolean {
  if (service.type !== "oneshot" || service.execStartPost.length === 0) return false;
  return state.phase.tag === "starting" && cause.tag === "exited" && cause.clean;
}

/** A second READY, or one from a process that is no longer waited for, only ends a reload of its own. */
function becomeReady(context: Context, here: Step, invocation: string, idle: readonly string[] = []): Step {
  const { phase } = here.state;
  const run = serving(here.state).find((one) => one.invocation === invocation);
  if (run?.mood === "reloading") return amend(here, invocation, { mood: null });
  // Nobody waits for the word of a service of another type: its probes decide, and they ask what it serves.
  const isAwaited = context.unit.service.type === "notify";
  if (isAwaited && phase.tag === "replacing" && phase.next.invocation === invocation && idle.length > 0) {
    return reject(context, here, phase, { tag: "not-serving", listeners: idle });
  }
  return announce(context, here, invocation);
}

/**
 * Who says that it stops is not taken for hung any more; it has as long for it as it would have when asked. A new generation
 * that says so while it is on probation is rejected: it must not become the service.
 */
function changeMood(context: Context, here: Step, invocation: string, mood: "reloading" | "stopping"): Step {
  const { phase } = here.state;
  const run = serving(here.state).find((one) => one.invocation === invocation && one.readyAt !== null);
  if (!run || run.mood === "stopping") return here;
  if (mood === "reloading") return amend(here, invocation, { mood });
  if (phase.tag === "soaking" && phase.next.invocation === invocation) {
    return reject(context, here, phase, { tag: "stopping" });
  }
  const known = amend(here, invocation, { mood, watchdog: null, probes: {} });
  if (phase.tag !== "running" || known.state.phase.tag !== "running") return known;
  const deadline = Math.min(phase.deadline, context.tick.now + context.unit.service.timeoutStopMs);
  return set(known, { phase: { ...known.state.phase, deadline } });
}

/** Counts what a probe was answered. In the soak one failure is enough: the new generation is on probation. */
function hearAnswer(context: Context, here: Step, answer: Answer): Step {
  const { invocation, kind, ok, detail } = answer;
  const run = serving(here.state).find((one) => one.invocation === invocation);
  const probes = run && answered(run.probes, context.unit.probes, { kind, ok, detail, now: context.tick.now });
  const watched = probes?.[kind];
  if (!run || !probes || !watched || probes === run.probes) return here;
  const known = tellHealth(amend(here, invocation, { probes }), run, { ...run, probes }, answer);
  const { phase } = here.state;
  const onTrial = phase.tag === "soaking" && phase.next.invocation === invocation && !ok;
  const isOver = watched.verdict === "failing" && kind !== "readiness";
  if (!onTrial && !isOver) return advance(context, known);
  return unfit(context, known, { ...run, probes }, { tag: "probe", kind, failures: watched.failures, detail });
}

type Answer = Extract<ProcessFact, { tag: "answered" }>;

function tellHealth(step: Step, before: Run, { probes }: Run, { kind, detail }: Answer): Step {
  const { invocation, generation } = before;
  const health = healthOf(probes);
  if (health === healthOf(before.probes)) return step;
  return report(step, { tag: "health", invocation, generation, kind, health, detail });
}

function exitCause({ unit }: Context, run: Run, exit: Exit): Cause {
  // A oneshot never says that it is ready: its end is its word.
  const ready = run.readyAt !== null || unit.service.type === "oneshot";
  // A service that promised to say when it is ready, and ends before it did, has not kept the protocol.
  return {
    tag: "exited",
    exit,
    ready,
    clean: isClean(unit.service, exit) && (ready || unit.service.type !== "notify"),
  };
}

function signOfLife({ tick }: Context, here: Step, invocation: string, changedMs: number | null): Step {
  const run = serving(here.state).find((one) => one.invocation === invocation);
  const everyMs = changedMs ?? run?.watchdog?.everyMs;
  if (run === undefined || everyMs === undefined) return here;
  // Nobody watches it before it is ready: what it says by then holds from READY on.
  const unready = { at: Number.POSITIVE_INFINITY, everyMs };
  return amend(here, invocation, { watchdog: run.readyAt === null ? unready : watchdogFrom(tick.now, everyMs) });
}

/** Only ever later, and only for the process whose deadline it is. Source: sd_notify(3), EXTEND_TIMEOUT_USEC=. */
function extend(here: Step, invocation: string, until: number): Step {
  const { phase, leaving } = here.state;
  const known = set(here, {
    leaving: leaving.map((one) =>
      one.run.invocation === invocation && !one.killed ? { ...one, deadline: Math.max(one.deadline, until) } : one,
    ),
  });
  const [main, next] = serving(here.state);
  const due = phase.tag === "replacing" ? next : phase.tag === "starting" || phase.tag === "running" ? main : undefined;
  if (!("deadline" in phase) || due?.invocation !== invocation) return known;
  return set(known, { phase: { ...phase, deadline: Math.max(phase.deadline, until) } });
}

function spawnCause({ stage, code, message }: Extract<ProcessFact, { tag: "spawn-failed" }>): Cause {
  return { tag: "spawn-failed", stage, code, message };
}
