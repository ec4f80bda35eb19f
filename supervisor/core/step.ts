import { unreachable } from "../unit/fault.ts";
import { beginChore } from "./chore.ts";
import type { Event } from "./event.ts";
import { fact } from "./fact.ts";
import { begin, commit, reject, withdraw } from "./handover.ts";
import { hurry, overdue } from "./leave.ts";
import { asked, due, nextAsk } from "./probe.ts";
import { choreLate } from "./progress.ts";
import { canReload } from "./reload.ts";
import { evict, halt, launch, undo } from "./service.ts";
import { holdsWork, type State, serving, type Undo } from "./state.ts";
import { amend, type Context, move, perform, type Step, set, stay } from "./turn.ts";
import { unfit } from "./unfit.ts";

/** The only place where a decision about one instance is made: what is remembered, what is to be done. */
export function step(context: Context, state: State, event: Event): Step {
  return ask(context, decide(context, state, event));
}

function decide(context: Context, state: State, event: Event): Step {
  const here = stay(state);
  switch (event.tag) {
    case "want-up":
      return wantUp(here);
    case "want-down":
      return wantDown(context, here);
    case "want-restart":
      if (holdsWork(state)) return undo(context, set(here, { wanted: "up", restarts: 0, cause: null }));
      if (state.phase.tag === "finished") return move(set(wantUp(here), { cause: null }), { tag: "inactive" });
      return set(wantUp(here), { bounce: "run" in state.phase });
    case "want-reload":
      return canReload(state) ? set(here, { handover: { ...state.handover, queued: context.tick.now } }) : here;
    case "want-reload-command":
      return reloadCommand(context, here);
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
    case "withdraw":
      return withdraw(here, event.by, event.cause);
    case "go-back":
      return goBack(context, here, event.to);
    case "agree":
      return set(here, { handover: { ...state.handover, undo: event.undo } });
    case "deadline":
      return deadlines(context, here);
    default:
      return fact(context, here, event);
  }
}

/** By a handover where it serves; where it has ended, by its next start, which is made now. */
function goBack(context: Context, here: Step, to: Undo): Step {
  const { phase, handover } = here.state;
  if (phase.tag === "running") return begin(context, here, phase.run, to);
  if (phase.tag !== "waiting") return here;
  return launch(context, set(here, { handover: { ...handover, undo: [] } }), to.program);
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
      return set(wanted, { restarts: 0, phase: { ...phase, next: "inactive" } });
    default:
      return wanted;
  }
}

/** An old generation that still drains is hurried where nobody else is left whom a stop could be told to. */
function wantDown(context: Context, here: Step): Step {
  const { phase } = here.state;
  const wanted = set(here, { wanted: "down", bounce: false });
  if (holdsWork(here.state)) return undo(context, wanted);
  if (phase.tag === "waiting") {
    return set(move(hurry(context, wanted), { tag: "inactive" }, { tag: "stopped" }), { cause: null });
  }
  if (phase.tag === "stopping" && phase.next === "waiting") {
    return set(hurry(context, wanted), { phase: { ...phase, next: "inactive" } });
  }
  return wanted;
}

/** Whoever asks while the commands run joins them. */
function reloadCommand(context: Context, here: Step): Step {
  const { phase, chore, reload } = here.state;
  if (phase.tag !== "running" || chore !== null) return here;
  const begun = set(here, { reload: { ...reload, began: reload.began + 1 } });
  return beginChore(context, begun, "reload", phase.run) ?? here;
}

/** Asks the probes that are due. */
function ask({ tick }: Context, here: Step): Step {
  const isAnyDue = serving(here.state).some(({ probes }) => nextAsk(probes) <= tick.now);
  if (!isAnyDue) return here;
  return serving(here.state).reduce((before, { invocation, probes }) => {
    const now = due(probes, tick.now);
    if (now.length === 0) return before;
    const known = amend(before, invocation, {
      probes: now.reduce((watches, kind) => asked(watches, kind, tick.now), probes),
    });
    return perform(known, ...now.map((kind) => ({ tag: "ask", invocation, kind }) as const));
  }, here);
}

/** Does what has become due. A wake-up that comes too early or too often does nothing. */
function deadlines(context: Context, here: Step): Step {
  const later = overdue(context, here);
  const { phase } = later.state;
  const hung = serving(later.state).find((run) => run.watchdog !== null && run.watchdog.at <= context.tick.now);
  if (hung) return unfit(context, later, hung, { tag: "watchdog", limitMs: hung.watchdog?.everyMs ?? null });
  const { chore } = later.state;
  if (chore !== null && chore.deadline <= context.tick.now) return choreLate(context, later, chore);
  if (!("deadline" in phase) || phase.deadline > context.tick.now) return later;
  const { timeoutStartMs, timeoutStopMs, runtimeMaxMs } = context.unit.service;
  switch (phase.tag) {
    case "starting":
      return evict(context, later, phase.run, { tag: "start-timeout", limitMs: timeoutStartMs });
    case "running":
      if (phase.run.mood !== "stopping") {
        return evict(context, later, phase.run, { tag: "runtime-max", limitMs: runtimeMaxMs });
      }
      return evict(context, later, phase.run, { tag: "stop-timeout", limitMs: timeoutStopMs });
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
