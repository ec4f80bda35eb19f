import { describe, isFailure } from "../core/cause.ts";
import { mainRun, type Run, type State } from "../core/state.ts";
import type { UnitState } from "../core/world.ts";

/** What a turn has made of a unit; `before`: null where that is not known. */
export type Move = Readonly<{ before: UnitState | null; now: UnitState | null }>;

/**
 * Why a unit that runs from a new release does not do well; null: nothing speaks against it.
 *
 *   the process that serves    what has happened                             verdict
 *   is the new program         it ended, and is started again, or given up   fallen: its end
 *   is the new program         it is ended for a failure: liveness, watchdog  fallen: the failure
 *   is the new program         a probe of it fails by its own threshold      fallen: what the probe was told
 *   is the old program         whatever it does                              none: it says nothing about the release
 *   was stopped by somebody    –                                             none
 *
 * Shape: `api@2: exited with code 3`.
 */
export function fallOf({ before, now }: Move): string | null {
  if (!now) return null;
  for (const [index, state] of now.instances.entries()) {
    const was = before?.instances[index] ?? null;
    const why = crash(now, was, state) ?? failingProbe(now, state);
    if (why !== null) return `${now.unit.name}@${index + 1}: ${why}`;
  }
  return null;
}

function crash(entry: UnitState, was: State | null, now: State): string | null {
  if (now.wanted === "down" || (was !== null && !isNew(entry, mainRun(was)))) return null;
  const isDown = now.phase.tag === "waiting" || now.phase.tag === "failed" || isEnded(now);
  const isAgain = was !== null && now.restarts > was.restarts;
  if (!isDown && !isAgain) return null;
  return now.cause ? describe(now.cause) : "ended";
}

/** By the supervisor, since it is not alive, is silent, or has run for too long: while it leaves it is known of which release it is. */
const isEnded = ({ phase, cause }: State): boolean => phase.tag === "stopping" && cause !== null && isFailure(cause);

function failingProbe(entry: UnitState, state: State): string | null {
  const run = mainRun(state);
  if (!run || !isNew(entry, run)) return null;
  const failing = Object.entries(run.probes).find(([, { verdict }]) => verdict === "failing");
  return failing ? `its ${failing[0]} probe ${failing[1].detail}` : null;
}

/** Whether a process runs what is loaded. One that runs from no release has been changed by its file alone. */
function isNew({ unit }: UnitState, run: Run | null): boolean {
  return run !== null && (run.program.release ?? null) === unit.release;
}
