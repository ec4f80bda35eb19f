import type { SignalName } from "../unit/unit.ts";
import type { Cause } from "./cause.ts";
import { beginChore } from "./chore.ts";
import type { Survivor } from "./facts.ts";
import { cancel, succeed } from "./handover.ts";
import { order } from "./launch.ts";
import { dismiss, dismissSurvivors, dropChore, hold, hurry } from "./leave.ts";
import { arrive } from "./rest.ts";
import { isRestarted } from "./restart.ts";
import { recentStarts } from "./start-limit.ts";
import { isUp, mainRun, type Program, type Rest, type Run, serving } from "./state.ts";
import { type Context, move, readied, report, runningPhase, type Step, set } from "./turn.ts";

/** Orders the first process of a life. Only a start out of `waiting` is automatic and counts on towards the start limit. */
export function launch(context: Context, step: Step, program: Program | null = null): Step {
  const { unit, tick } = context;
  const { state } = step;
  const generation = Math.max(state.generation, 1);
  const [ordered, run] = order(context, step, generation, program);
  const automatic = state.phase.tag === "waiting";
  const counting = automatic ? recentStarts(unit.service, state.starts, tick.now) : [];
  const starts = [...counting, tick.now];
  const counted = set(ordered, { generation, starts, streak: automatic ? state.streak : 0 });
  return move(counted, { tag: "starting", run, deadline: tick.now + unit.service.timeoutStartMs, heir: null });
}

/** The process that was starting is ready. */
export function serve(context: Context, step: Step, run: Run): Step {
  const { now } = context.tick;
  const ready = readied(context, run);
  const told = report(step, {
    tag: "ready",
    invocation: run.invocation,
    generation: run.generation,
    afterMs: now - run.orderedAt,
  });
  const heir = step.state.phase.tag === "starting" ? step.state.phase.heir : null;
  const running = set(move(told, runningPhase(context, ready)), { cause: null });
  return heir ? succeed(running, ready, heir) : running;
}

/** Every process is asked to go, because the operator wants it so (or a restart does): what is up, by exec_stop first. */
export function halt(context: Context, step: Step): Step {
  const stopped: Cause = { tag: "stopped" };
  const calm = dropChore(context, hurry(context, cancel(step, stopped)));
  const main = mainRun(step.state);
  const asks = isUp(step.state) && context.unit.service.execStop.length > 0;
  const asked = serving(step.state).reduce(
    (before, run) => (asks && run === main ? hold(context, before, run) : dismiss(context, before, run, "stop")),
    calm,
  );
  const phase = { tag: "stopping", next: "inactive", of: main?.invocation ?? null, cleaned: false } as const;
  const handover = { ...asked.state.handover, undo: [] };
  const stopping = set(move(asked, phase, stopped), { cause: null, handover });
  return arrive(context, (asks && main && beginChore(context, stopping, "stop", main)) || stopping);
}

/** The work of a oneshot is to count as done no longer: its stop commands are run, then it rests. */
export function undo(context: Context, step: Step): Step {
  const { lastExit, generation } = step.state;
  const stopped: Cause = { tag: "stopped" };
  const { execStop, execStopPost } = context.unit.service;
  if (execStop.length + execStopPost.length === 0) return move(step, { tag: "inactive" }, stopped);
  const of = { invocation: lastExit?.invocation ?? null, generation, pid: null };
  const phase = { tag: "stopping", next: "inactive", of: of.invocation, cleaned: false } as const;
  const stopping = set(move(step, phase, stopped), { cause: null });
  return arrive(context, beginChore(context, stopping, "stop", of) ?? stopping);
}

/** The service ended by itself, or never began: its policy says what follows once its group is gone. */
export function ended(
  context: Context,
  step: Step,
  end: Readonly<{ run: Run; cause: Cause }>,
  survivors: readonly Survivor[] = [],
): Step {
  const { run, cause } = end;
  const swept = dismissSurvivors(context, dropChore(context, cancel(step, cause)), run, survivors);
  const stopping = enter(context, swept, run, cause);
  // Source: systemd.service(5), ExecStop=: run for a service that was up and ended well by itself, too; a oneshot holds on.
  const asks = cause.tag === "exited" && cause.clean && run.readyAt !== null;
  return arrive(context, (asks && beginChore(context, stopping, "stop", { ...run, pid: null })) || stopping);
}

/** The service lives and must not: it has to go, then the policy applies as if it had ended by itself. */
export function evict(context: Context, step: Step, run: Run, cause: Cause): Step {
  const calm = dropChore(context, cancel(step, cause));
  const asked = dismiss(context, calm, run, "stop", signalFor(context, cause));
  return arrive(context, enter(context, asked, run, cause));
}

/** A life is over, by itself or by force: what follows is settled now, and happens when everybody is gone. */
function enter(context: Context, step: Step, run: Run, cause: Cause): Step {
  const calm = isSteady(context, run) ? set(step, { streak: 0 }) : step;
  const next = whatFollows(context, calm, cause);
  // What a oneshot has done stays so: there is nothing to clean up yet.
  const cleaned = next === "finished" && context.unit.service.type === "oneshot";
  return set(move(calm, { tag: "stopping", next, of: run.invocation, cleaned }, cause), { cause });
}

/** A hung process is asked for a core dump by its end. Source: systemd.service(5), WatchdogSignal=. */
export function signalFor({ unit }: Context, cause: Cause): SignalName {
  return cause.tag === "watchdog" ? "SIGABRT" : unit.service.killSignal;
}

function whatFollows(context: Context, { state }: Step, cause: Cause): Rest {
  if (state.bounce) return "inactive";
  if (state.wanted === "up" && isRestarted(context.unit.service, cause)) return "waiting";
  return isFailureToRest(cause) ? "failed" : "finished";
}

function isFailureToRest(cause: Cause): boolean {
  return !(cause.tag === "exited" && cause.clean);
}

/** A process that has served for as long as the longest pause starts the backoff anew when it ends. */
function isSteady({ unit, tick }: Context, run: Run): boolean {
  return run.readyAt !== null && tick.now - run.readyAt >= unit.service.restartMaxDelayMs;
}
