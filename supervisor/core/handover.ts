import type { Cause } from "./cause.ts";
import type { Instant, Survivor } from "./facts.ts";
import { order } from "./launch.ts";
import { dismiss, dismissSurvivors, dropChore } from "./leave.ts";
import type { HandoverEnd, Run, Undo } from "./state.ts";
import { type Context, move, readied, report, runningPhase, type Step, set } from "./turn.ts";

/** The generation that serves and the one that is to replace it. */
export type Pair = Readonly<{ run: Run; next: Run }>;

/** Orders the next generation beside the one that serves; `back`: with the program of an older one. */
export function begin(context: Context, step: Step, run: Run, back: Undo | null = null): Step {
  const { unit, tick } = context;
  const { handover } = step.state;
  const generation = step.state.generation + 1;
  const ticket = handover.serial + 1;
  const [ordered, next] = order(context, step, generation, back?.program ?? null);
  const rollout = handover.queued ?? (back && handover.rollout) ?? tick.now;
  const counted = set(ordered, { generation, handover: { ...handover, serial: ticket, queued: null, rollout } });
  const backTo = back?.program.generation ?? null;
  const told = report(counted, { tag: "handover-began", ticket, generation, invocation: next.invocation, backTo });
  return move(told, { tag: "replacing", run, next, deadline: tick.now + unit.service.timeoutStartMs });
}

/** Its turn in a rollout will not come, because instance `by` has refused it. */
export function withdraw(step: Step, by: number, cause: Cause | null): Step {
  return endQueued(step, "kept-old", { tag: "sibling", instance: by, by: cause });
}

/** The next generation says that it is ready: both serve, until the soak is over. */
export function soak(context: Context, step: Step, run: Run, next: Run): Step {
  const { unit, tick } = context;
  const ready = readied(context, next);
  const told = report(step, {
    tag: "ready",
    invocation: next.invocation,
    generation: next.generation,
    afterMs: tick.now - next.orderedAt,
  });
  if (unit.handover.soakMs === 0) return commit(context, told, run, ready);
  return move(told, { tag: "soaking", run, next: ready, deadline: tick.now + unit.handover.soakMs });
}

/** The new generation is the service; the old one drains. */
export function commit(context: Context, step: Step, run: Run, next: Run): Step {
  const told = report(step, {
    tag: "draining",
    invocation: run.invocation,
    generation: run.generation,
    limitMs: context.unit.handover.drainMs,
  });
  const draining = dismiss(context, told, run, "drain");
  return close(move(remember(context, draining, run), runningPhase(context, next)), next, "done", null);
}

/** Keeps in mind what can be gone back to. */
function remember({ tick }: Context, step: Step, { program }: Run): Step {
  const { handover } = step.state;
  const undo = { program, rollout: handover.rollout ?? tick.now };
  return set(step, { handover: { ...handover, undo: [...handover.undo, undo] } });
}

/** The new generation ended, could not begin, or was late: nothing has happened to the old one. */
export function keepOld(
  context: Context,
  step: Step,
  pair: Pair,
  cause: Cause,
  survivors: readonly Survivor[] = [],
): Step {
  const swept = dismissSurvivors(context, dropChore(context, step), pair.next, survivors);
  return close(move(swept, runningPhase(context, pair.run), cause), pair.next, "kept-old", cause);
}

/** The new generation lives but must not serve: it is asked to go, the old one stays. */
export function reject(context: Context, step: Step, pair: Pair, cause: Cause): Step {
  return keepOld(context, dismiss(context, step, pair.next, "stop"), pair, cause);
}

/**
 * The old generation ended by itself while the new one is not ready yet. The new one is not hurried and no third process is
 * started: clients wait in the listener's queue, as they do in any restart.
 */
export function loseOld(
  context: Context,
  step: Step,
  pair: Pair & Readonly<{ deadline: Instant }>,
  cause: Cause,
  survivors: readonly Survivor[],
): Step {
  const swept = dismissSurvivors(context, remember(context, step, pair.run), pair.run, survivors);
  return move(swept, { tag: "starting", run: pair.next, deadline: pair.deadline, heir: oldExited(cause) }, cause);
}

/** The heir is ready: its handover is done after all. */
export function succeed(step: Step, heir: Run, cause: Cause): Step {
  return close(step, heir, "done", cause);
}

/** The old generation ended by itself during the soak: the new one is ready, so it takes over at once. */
export function inherit(context: Context, step: Step, pair: Pair, cause: Cause, survivors: readonly Survivor[]): Step {
  const swept = dismissSurvivors(context, step, pair.run, survivors);
  const kept = remember(context, swept, pair.run);
  return close(move(kept, runningPhase(context, pair.next), cause), pair.next, "done", oldExited(cause));
}

/** Ends the handover that is on its way, and one that was queued, because there is nobody left to replace. */
export function cancel(step: Step, cause: Cause): Step {
  const { phase, handover } = step.state;
  const underway = phase.tag === "replacing" || phase.tag === "soaking" ? phase.next : heirOf(step);
  const ended = underway ? close(step, underway, "failed", cause) : step;
  return handover.queued === null ? ended : endQueued(ended, "failed", cause);
}

function endQueued(step: Step, result: HandoverEnd["result"], cause: Cause): Step {
  const { handover } = step.state;
  const next = { ...handover, serial: handover.serial + 1, queued: null, rollout: handover.queued };
  return close(set(step, { handover: next }), null, result, cause);
}

function heirOf({ state: { phase } }: Step): Run | null {
  return phase.tag === "starting" && phase.heir ? phase.run : null;
}

function close(step: Step, next: Run | null, result: HandoverEnd["result"], cause: Cause | null): Step {
  const { handover, generation } = step.state;
  const back = next !== null && next.program.life !== next.invocation;
  const end: HandoverEnd = {
    ticket: handover.serial,
    rollout: handover.rollout ?? 0,
    back,
    result,
    cause,
    invocation: next?.invocation ?? null,
    readyMs: next && next.readyAt !== null ? next.readyAt - next.orderedAt : null,
    drainMs: null,
  };
  // One that went back, or could not, has nothing more to go back to.
  const kept = set(step, { handover: { ...handover, undo: back ? [] : handover.undo, last: end } });
  return report(kept, { tag: "handover-ended", end, generation: next?.generation ?? generation });
}

/** Why the old generation was not there to drain. */
function oldExited(cause: Cause): Cause {
  return cause.tag === "exited" ? { tag: "old-exited", exit: cause.exit } : cause;
}
