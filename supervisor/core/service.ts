import type { SignalName } from "../unit/unit.ts";
import type { Cause } from "./cause.ts";
import type { Survivor } from "./facts.ts";
import { cancel, succeed } from "./handover.ts";
import { dismiss, dismissSurvivors, hurry } from "./leave.ts";
import { arrive } from "./rest.ts";
import { isRestarted } from "./restart.ts";
import { recentStarts } from "./start-limit.ts";
import { type Rest, type Run, serving } from "./state.ts";
import { type Context, move, order, readied, report, runningPhase, type Step, set } from "./turn.ts";

/** Orders the first process of a life. Only a start out of `waiting` is automatic and counts on towards the start limit. */
export function launch(context: Context, step: Step): Step {
  const { unit, tick } = context;
  const { state } = step;
  const generation = Math.max(state.generation, 1);
  const [ordered, run] = order(context, step, generation);
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

/** Every process is asked to go, because the operator wants it so (or a restart does). */
export function halt(context: Context, step: Step): Step {
  const stopped: Cause = { tag: "stopped" };
  const calm = hurry(context, cancel(step, stopped));
  const asked = serving(step.state).reduce((before, run) => dismiss(context, before, run, "stop"), calm);
  return arrive(context, set(move(asked, { tag: "stopping", next: "inactive" }, stopped), { cause: null }));
}

/** The service ended by itself, or never began: its policy says what follows once its group is gone. */
export function ended(
  context: Context,
  step: Step,
  end: Readonly<{ run: Run; cause: Cause }>,
  survivors: readonly Survivor[] = [],
): Step {
  const { run, cause } = end;
  const swept = dismissSurvivors(context, cancel(step, cause), run, survivors);
  const calm = isSteady(context, run) ? set(swept, { streak: 0 }) : swept;
  const next = whatFollows(context, calm, cause);
  return arrive(context, set(move(calm, { tag: "stopping", next }, cause), { cause }));
}

/** The service lives and must not: it has to go, then the policy applies as if it had ended by itself. */
export function evict(context: Context, step: Step, run: Run, cause: Cause): Step {
  const asked = dismiss(context, cancel(step, cause), run, "stop", signalFor(context, cause));
  const calm = isSteady(context, run) ? set(asked, { streak: 0 }) : asked;
  const next = whatFollows(context, calm, cause);
  return arrive(context, set(move(calm, { tag: "stopping", next }, cause), { cause }));
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
