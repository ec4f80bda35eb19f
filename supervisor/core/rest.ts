import { restartDelayMs } from "./backoff.ts";
import type { Cause } from "./cause.ts";
import { beginChore } from "./chore.ts";
import { isLimitHit } from "./start-limit.ts";
import type { Phase, State } from "./state.ts";
import { type Context, move, report, type Step, set } from "./turn.ts";

/** Leaves `stopping` once nobody is in the way of what follows, and the commands after a stop have been run. */
export function arrive(context: Context, step: Step): Step {
  const { phase, leaving, chore, generation } = step.state;
  if (phase.tag !== "stopping" || chore !== null) return step;
  // An old generation that still drains does not hold up the restart of the new one; every other end waits for all.
  const inTheWay = phase.next === "waiting" ? leaving.filter((one) => one.purpose !== "drain") : leaving;
  if (inTheWay.length > 0) return step;
  const cleaned = set(step, { phase: { ...phase, cleaned: true } });
  const of = { invocation: phase.of, generation, pid: null };
  const cleaning = phase.cleaned ? null : beginChore(context, cleaned, "stop-post", of);
  if (cleaning) return cleaning;
  if (phase.next === "waiting") return schedule(context, step);
  const rest: Phase =
    phase.next === "finished" ? { tag: "finished", holds: holds(context, step.state) } : { tag: phase.next };
  return set(move(step, rest, step.state.cause), { bounce: false });
}

/** A stop that does not go well leaves the unit failed, as with systemd; the first cause is kept. */
export function blame(step: Step, cause: Cause): Step {
  const { phase, bounce, wanted } = step.state;
  if (phase.tag !== "stopping" || phase.next !== "inactive" || bounce || wanted === "up") return step;
  return set(step, { phase: { ...phase, next: "failed" }, cause: step.state.cause ?? cause });
}

/** The work of a oneshot that has ended well stays done, as with systemd's RemainAfterExit=. */
function holds({ unit }: Context, { cause }: State): boolean {
  return unit.service.type === "oneshot" && cause?.tag === "exited" && cause.clean;
}

/** Sets the time of the next automatic start, or gives up when that start would exceed the limit. */
function schedule(context: Context, step: Step): Step {
  const { unit, tick } = context;
  const { starts, streak, cause, restarts } = step.state;
  const delayMs = restartDelayMs(unit.service, streak, tick.roll);
  const deadline = tick.now + delayMs;
  if (cause !== null && isLimitHit(unit.service, starts, deadline)) return giveUp(context, step, cause);
  const waiting = move(step, { tag: "waiting", deadline }, cause);
  const counted = set(waiting, { streak: streak + 1, restarts: restarts + 1 });
  return report(counted, { tag: "restart-due", inMs: delayMs, attempt: streak + 1 });
}

function giveUp(context: Context, step: Step, last: Cause): Step {
  const { startLimitBurst, startLimitIntervalMs } = context.unit.service;
  const cause: Cause = { tag: "start-limit", burst: startLimitBurst, intervalMs: startLimitIntervalMs, last };
  return set(move(step, { tag: "failed" }, cause), { cause });
}
