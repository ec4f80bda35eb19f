import type { Cause } from "./cause.ts";
import type { InvocationId } from "./facts.ts";
import { blockers } from "./gates.ts";
import { atRest, isUp, type State, serving } from "./state.ts";
import type { World } from "./world.ts";

/** What an order waits for. `tickets[i]` is the handover of instance i + 1 that the order joined. */
export type Goal = Readonly<{ tag: "up" } | { tag: "down" } | { tag: "reloaded"; tickets: readonly number[] }>;

/** What became of it. `waitsFor` names a required unit that has failed. */
export type Settlement = Readonly<{
  result: "done" | "failed" | "kept-old";
  cause: Cause | null;
  waitsFor: string | null;
  invocation: InvocationId | null;
}>;

const done: Settlement = { result: "done", cause: null, waitsFor: null, invocation: null };

/** Says what became of a goal for one unit, or null while it can still go either way. */
export function settled(world: World, unit: string, goal: Goal): Settlement | null {
  const entry = world.units.get(unit);
  if (!entry) return { ...done, result: "failed" };
  const each = entry.instances.map((state, index) => settledOne(world, { unit, index, state }, goal));
  const worst = each.find((one) => one?.result === "kept-old") ?? each.find((one) => one?.result === "failed");
  if (goal.tag !== "down" && worst) return worst;
  return each.every((one) => one !== null) ? (worst ?? { ...done, cause: each[0]?.cause ?? null }) : null;
}

type One = Readonly<{ unit: string; index: number; state: State }>;

function settledOne(world: World, one: One, goal: Goal): Settlement | null {
  switch (goal.tag) {
    case "up":
      return up(world, one);
    case "down":
      return atRest(one.state) ? { ...done, cause: one.state.cause } : null;
    case "reloaded":
      return reloaded(one.state, goal.tickets[one.index] ?? 0);
  }
}

function up(world: World, { unit, state }: One): Settlement | null {
  if (state.bounce) return null;
  if (isUp(state)) return { ...done, invocation: serving(state)[0]?.invocation ?? null };
  const invocation = state.lastExit?.invocation ?? null;
  switch (state.phase.tag) {
    case "finished":
      return { ...done, cause: state.cause, invocation };
    case "failed":
      return { result: "failed", cause: state.cause, waitsFor: null, invocation };
    case "inactive": {
      if (state.wanted === "down") return { ...done, result: "failed", cause: { tag: "stopped" } };
      const fatal = blockers(world, unit).find((blocker) => blocker.fatal);
      return fatal ? { ...done, result: "failed", waitsFor: fatal.unit } : null;
    }
    default:
      return null;
  }
}

function reloaded({ handover: { last } }: State, ticket: number): Settlement | null {
  if (!last || last.ticket < ticket) return null;
  return { result: last.result, cause: last.cause, waitsFor: null, invocation: last.invocation };
}
