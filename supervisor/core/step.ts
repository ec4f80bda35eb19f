import { unreachable } from "../unit/fault.ts";
import type { Cause } from "./cause.ts";
import type { Event, ProcessFact } from "./event.ts";
import type { Exit, Survivor } from "./facts.ts";
import { begin, commit, inherit, keepOld, loseOld, reject, soak } from "./handover.ts";
import { findLeaving, gone, leaderGone, overdue } from "./leave.ts";
import { isClean } from "./restart.ts";
import { ended, halt, launch, serve, tooLate } from "./service.ts";
import { isUp, type Run, runs, type State } from "./state.ts";
import { type Context, move, report, type Step, set, stay } from "./turn.ts";

/** The only place where a decision about one instance is made: what is remembered, what is to be done. */
export function step(context: Context, state: State, event: Event): Step {
  const here = stay(state);
  switch (event.tag) {
    case "want-up":
      return wantUp(here);
    case "want-down":
      return wantDown(here);
    case "want-restart":
      return set(wantUp(here), { bounce: "run" in state.phase });
    case "want-reload":
      return isUp(state) || state.phase.tag === "starting"
        ? set(here, { handover: { ...state.handover, queued: true } })
        : here;
    case "reset-failed":
      if (state.phase.tag !== "failed") return set(here, { starts: [], streak: 0 });
      return move(set(here, { wanted: "down", starts: [], streak: 0, cause: null }), { tag: "inactive" });
    case "launch":
      return state.phase.tag === "inactive" ? launch(context, here) : here;
    case "halt":
      return "run" in state.phase ? halt(context, here) : here;
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
    case "failed":
    case "waiting":
      return move(set(wanted, { restarts: 0, cause: null }), { tag: "inactive" });
    case "stopping":
      return set(wanted, { restarts: 0, phase: { tag: "stopping", next: "inactive" } });
    default:
      return wanted;
  }
}

function wantDown(here: Step): Step {
  const { phase } = here.state;
  const wanted = set(here, { wanted: "down", bounce: false });
  if (phase.tag === "waiting") return move(wanted, { tag: "inactive" }, { tag: "stopped" });
  if (phase.tag === "stopping" && phase.next === "waiting") {
    return set(wanted, { phase: { tag: "stopping", next: "inactive" } });
  }
  return wanted;
}

/** Does what has become due. A wake-up that comes too early or too often does nothing. */
function deadlines(context: Context, here: Step): Step {
  const { phase } = here.state;
  const later = overdue(context, here);
  if (!("deadline" in phase) || phase.deadline > context.tick.now) return later;
  switch (phase.tag) {
    case "starting":
      return tooLate(context, later, phase.run);
    case "waiting":
      return launch(context, later);
    case "replacing":
      return reject(context, later, phase, { tag: "start-timeout", limitMs: context.unit.service.timeoutStartMs });
    case "soaking":
      return commit(context, later, phase.run, phase.next);
    default:
      return unreachable(phase);
  }
}

function fact(context: Context, here: Step, event: ProcessFact): Step {
  switch (event.tag) {
    case "spawned": {
      const known = amend(here, event.invocation, { pid: event.pid });
      return context.unit.service.type === "notify" ? known : becomeReady(context, known, event.invocation);
    }
    case "says":
      return amend(here, event.invocation, { says: event.text });
    case "ready":
      return becomeReady(context, here, event.invocation, event.idle);
    case "spawn-failed":
      return lost(context, here, event.invocation, spawnCause(event), []);
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
  const told = report(here, { tag: "exited", invocation, generation: run.generation, cause });
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
  const ready = run.readyAt !== null;
  // A service that promised to say when it is ready, and ends before it did, has not kept the protocol.
  return {
    tag: "exited",
    exit,
    ready,
    clean: isClean(unit.service, exit) && (ready || unit.service.type !== "notify"),
  };
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
