import { unreachable } from "../unit/fault.ts";
import type { Cause } from "./cause.ts";
import type { Event, ProcessFact } from "./event.ts";
import type { Exit, Survivor } from "./facts.ts";
import { begin, commit, inherit, keepOld, loseOld, reject, soak } from "./handover.ts";
import { dismiss, findLeaving, gone, hurry, leaderGone, overdue } from "./leave.ts";
import { canReload } from "./reload.ts";
import { isClean } from "./restart.ts";
import { ended, evict, halt, launch, serve, signalFor } from "./service.ts";
import { type Run, runs, type State, serving } from "./state.ts";
import { type Context, move, report, type Step, set, stay, watchdogFrom } from "./turn.ts";

/** The only place where a decision about one instance is made: what is remembered, what is to be done. */
export function step(context: Context, state: State, event: Event): Step {
  const here = stay(state);
  switch (event.tag) {
    case "want-up":
      return wantUp(here);
    case "want-down":
      return wantDown(context, here);
    case "want-restart":
      if (state.phase.tag === "finished") return move(set(wantUp(here), { cause: null }), { tag: "inactive" });
      return set(wantUp(here), { bounce: "run" in state.phase });
    case "want-reload":
      return canReload(state) ? set(here, { handover: { ...state.handover, queued: true } }) : here;
    case "reset-failed":
      if (state.phase.tag !== "failed") return set(here, { starts: [], streak: 0 });
      return move(set(here, { wanted: "down", starts: [], streak: 0, cause: null }), { tag: "inactive" });
    case "launch":
      return state.phase.tag === "inactive" ? launch(context, here) : here;
    case "halt":
      return "run" in state.phase ? halt(context, here) : here;
    case "unbind":
      return set(here, { bounce: "run" in state.phase });
    case "replace":
      return state.phase.tag === "running" ? begin(context, here, state.phase.run) : here;
    case "deadline":
      return deadlines(context, here);
    default:
      return fact(context, here, event);
  }
}

/** From rest, and from a pause, it is as if nothing had gone wrong before. */
function wantUp(here: Step): Step {
  const { phase } = here.state;
  const wanted = set(here, { wanted: "up" });
  switch (phase.tag) {
    case "finished":
      if (phase.holds) return wanted;
      return move(set(wanted, { restarts: 0, cause: null }), { tag: "inactive" });
    case "failed":
    case "waiting":
      return move(set(wanted, { restarts: 0, cause: null }), { tag: "inactive" });
    case "stopping":
      return set(wanted, { restarts: 0, phase: { tag: "stopping", next: "inactive" } });
    default:
      return wanted;
  }
}

/** An old generation that still drains is hurried where nobody else is left whom a stop could be told to. */
function wantDown(context: Context, here: Step): Step {
  const { phase } = here.state;
  const wanted = set(here, { wanted: "down", bounce: false });
  const stopped: Cause = { tag: "stopped" };
  if (phase.tag === "finished" && phase.holds) return move(wanted, { tag: "inactive" }, stopped);
  if (phase.tag === "waiting") return set(move(hurry(context, wanted), { tag: "inactive" }, stopped), { cause: null });
  if (phase.tag === "stopping" && phase.next === "waiting") {
    return set(hurry(context, wanted), { phase: { tag: "stopping", next: "inactive" } });
  }
  return wanted;
}

/** Does what has become due. A wake-up that comes too early or too often does nothing. */
function deadlines(context: Context, here: Step): Step {
  const later = overdue(context, here);
  const { phase } = later.state;
  const hung = serving(later.state).find((run) => run.watchdog !== null && run.watchdog.at <= context.tick.now);
  if (hung) return unfit(context, later, hung, { tag: "watchdog", limitMs: hung.watchdog?.everyMs ?? null });
  if (!("deadline" in phase) || phase.deadline > context.tick.now) return later;
  const { timeoutStartMs, runtimeMaxMs } = context.unit.service;
  switch (phase.tag) {
    case "starting":
      return evict(context, later, phase.run, { tag: "start-timeout", limitMs: timeoutStartMs });
    case "running":
      return evict(context, later, phase.run, { tag: "runtime-max", limitMs: runtimeMaxMs });
    case "waiting":
      return launch(context, later);
    case "replacing":
      return reject(context, later, phase, { tag: "start-timeout", limitMs: timeoutStartMs });
    case "soaking":
      return commit(context, later, phase.run, phase.next);
    default:
      return unreachable(phase);
  }
}

/** A process that serves must not any more. In a handover that is the end of it for one of the two, and the other stays. */
function unfit(context: Context, here: Step, run: Run, cause: Cause): Step {
  const { phase } = here.state;
  if (phase.tag !== "replacing" && phase.tag !== "soaking") return evict(context, here, run, cause);
  if (phase.next.invocation === run.invocation) return reject(context, here, phase, cause);
  const asked = dismiss(context, here, phase.run, "stop", signalFor(context, cause));
  return phase.tag === "replacing"
    ? loseOld(context, asked, phase, cause, [])
    : inherit(context, asked, phase, cause, []);
}

function fact(context: Context, here: Step, event: ProcessFact): Step {
  switch (event.tag) {
    case "spawned": {
      const known = amend(here, event.invocation, { pid: event.pid });
      const { type } = context.unit.service;
      return type === "notify" || type === "oneshot" ? known : becomeReady(context, known, event.invocation);
    }
    case "says":
      return amend(here, event.invocation, { says: event.text });
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
  if (!run || findLeaving(here, invocation)?.orphaned) return here;
  const cause = exitCause(context, run, exit);
  const { generation, pid } = run;
  const told = report(here, { tag: "exited", invocation, generation, pid, cause });
  const noted = set(told, { lastExit: { exit, at: context.tick.now, invocation } });
  const one = findLeaving(noted, invocation);
  if (!one) return lost(context, noted, invocation, cause, survivors);
  return leaderGone(context, one.killed ? noted : blame(context, noted, cause), one, survivors);
}

type Gone = Extract<ProcessFact, { tag: "exited" }>;

/** A stop that ends uncleanly leaves the unit failed, as with systemd. */
function blame({ unit }: Context, step: Step, cause: Cause): Step {
  const { phase, bounce, wanted } = step.state;
  const stopping = phase.tag === "stopping" && phase.next === "inactive" && wanted === "down" && !bounce;
  if (!stopping || cause.tag !== "exited" || isClean(unit.service, cause.exit)) return step;
  return set(step, { phase: { tag: "stopping", next: "failed" }, cause: { ...cause, clean: false } });
}

/** A process that serves, or was to serve, is no more. */
function lost(context: Context, here: Step, invocation: string, cause: Cause, survivors: readonly Survivor[]): Step {
  const { phase } = here.state;
  if (!("run" in phase)) return here;
  if (phase.run.invocation === invocation) {
    if (phase.tag === "replacing") return loseOld(context, here, phase, cause, survivors);
    if (phase.tag === "soaking") return inherit(context, here, phase, cause, survivors);
    return ended(context, here, { run: phase.run, cause }, survivors);
  }
  if (phase.tag !== "starting" && phase.tag !== "running" && phase.next.invocation === invocation)
    return keepOld(context, here, phase, cause, survivors);
  return here;
}

/** A second READY, or one from a process that is no longer waited for, changes nothing. */
function becomeReady(context: Context, here: Step, invocation: string, idle: readonly string[] = []): Step {
  const { phase } = here.state;
  if (phase.tag === "starting" && phase.run.invocation === invocation) return serve(context, here, phase.run);
  if (phase.tag !== "replacing" || phase.next.invocation !== invocation) return here;
  if (idle.length > 0) return reject(context, here, phase, { tag: "not-serving", listeners: idle });
  return soak(context, here, phase.run, phase.next);
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

function amend(here: Step, invocation: string, change: Partial<Run>): Step {
  const touch = (run: Run): Run => (run.invocation === invocation ? { ...run, ...change } : run);
  const { phase, leaving } = here.state;
  const known = set(here, { leaving: leaving.map((one) => ({ ...one, run: touch(one.run) })) });
  if (phase.tag === "replacing" || phase.tag === "soaking") {
    return set(known, { phase: { ...phase, run: touch(phase.run), next: touch(phase.next) } });
  }
  return "run" in phase ? set(known, { phase: { ...phase, run: touch(phase.run) } }) : known;
}

function spawnCause({ stage, code, message }: Extract<ProcessFact, { tag: "spawn-failed" }>): Cause {
  return { tag: "spawn-failed", stage, code, message };
}
