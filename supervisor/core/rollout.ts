import type { Cause } from "./cause.ts";
import type { Event } from "./event.ts";
import { atRest, type Rollout, type State, serving, type Undo } from "./state.ts";
import type { UnitState } from "./world.ts";

type RolloutEvent = Extract<Event, { tag: "replace" | "withdraw" | "go-back" | "agree" }>;

/**
 * The next move of one instance in a rollout of its unit: the instances take turns, each waits until the one before it has
 * drained, and when one keeps its old generation, the others stay with it or go back to it: what runs is one program.
 *
 *   this instance       its siblings                                   move
 *   queued              one has refused this rollout                   withdraw: its turn will not come
 *   queued, can begin   nobody is being replaced, or queued before it  replace
 *   has an undo         none runs a program from before the rollout    agree: it is not needed any more
 *   has an undo         one does, and the rollout goes on              (waits)
 *   has an undo         one does, since it refused, or has gone back   go-back, as soon as it runs undisturbed, or
 *                                                                      instead of the restart that it waits for
 *   has an undo         one does, and was never asked                  agree: there is nothing to go back to
 *
 * A newer wish for all of them goes first: it may mend what the older one broke.
 */
export function rolloutEvent(entry: UnitState, index: number): RolloutEvent | null {
  const state = entry.instances[index];
  if (!state) return null;
  const siblings = entry.instances.filter((_, other) => other !== index);
  const { queued, undo } = state.handover;
  if (queued !== null) {
    const refusal = siblings.find((one) => hasRefused(one, queued));
    if (refusal) return { tag: "withdraw", ...refusedBy(entry, refusal) };
    const isNext = entry.instances.slice(0, index).every((one) => one.handover.queued === null);
    return isNext && isUndisturbed(state) && !siblings.some(isReplacing) ? { tag: "replace" } : null;
  }
  if (undo.length === 0) return null;
  const needed = atRest(state) ? [] : undo.filter((_, at) => isNeeded(undo, at, siblings));
  if (needed.length < undo.length) return { tag: "agree", undo: needed };
  if (entry.instances.some(isReloading)) return null;
  const to = undo.find(({ rollout }) =>
    siblings.some((one) => runsSince(one, 0, rollout) && (hasRefused(one, rollout) || goesBack(one, rollout))),
  );
  if (!to) return { tag: "agree", undo: [] };
  const canGo = isUndisturbed(state) || isPausing(state);
  return canGo && !siblings.some(isReplacing) ? { tag: "go-back", to } : null;
}

/** A sibling runs a program from before that rollout, and from after the one before: what this one ran at that time. */
function isNeeded(undo: readonly Undo[], at: number, siblings: readonly State[]): boolean {
  const [since, until] = [undo[at - 1]?.rollout ?? 0, undo[at]?.rollout ?? 0];
  return siblings.some((one) => runsSince(one, since, until));
}

const runsSince = (state: State, since: Rollout, until: Rollout): boolean =>
  serving(state).some(({ program }) => program.at >= since && program.at < until);

/** Who refused first, and why: those who were withdrawn since only followed. */
function refusedBy({ instances }: UnitState, refusal: State): Readonly<{ by: number; cause: Cause | null }> {
  const cause = refusal.handover.last?.cause ?? null;
  return cause?.tag === "sibling"
    ? { by: cause.instance, cause: cause.by }
    : { by: instances.indexOf(refusal) + 1, cause };
}

/** True while a unit's instances have yet to agree on one program. */
export function isRollingOut(entry: UnitState): boolean {
  return entry.instances.some(isReloading) || mayGoBack(entry);
}

/** True while one of them has, or is on its way back to, a program that it was handed over from. */
export function mayGoBack({ instances }: UnitState): boolean {
  return instances.some((state) => state.handover.undo.length > 0);
}

export const isReloading = ({ phase, handover }: State): boolean =>
  handover.queued !== null || phase.tag === "replacing" || phase.tag === "soaking";

/** It kept its old generation in that rollout or a later one, and not on the way back. */
const hasRefused = ({ handover: { last } }: State, rollout: Rollout): boolean =>
  last?.result === "kept-old" && !last.back && last.rollout >= rollout;

/** It has gone back from that rollout or a later one, or is on its way. Why: whoever refused it may be gone by now. */
const goesBack = (state: State, rollout: Rollout): boolean =>
  (state.handover.rollout ?? 0) >= rollout &&
  serving(state).some(({ invocation, program }) => program.life !== invocation);

/** A handover begins when the last one is over to its end: one process more than needed is the most there ever is. */
const isUndisturbed = ({ phase, leaving, chore }: State): boolean =>
  phase.tag === "running" && leaving.length === 0 && chore === null;

/** What was new has ended by itself: the next start is that of the old program. */
const isPausing = ({ phase, leaving, chore }: State): boolean =>
  phase.tag === "waiting" && leaving.length === 0 && chore === null;

const isReplacing = ({ phase, leaving }: State): boolean =>
  phase.tag === "replacing" || phase.tag === "soaking" || leaving.length > 0;
