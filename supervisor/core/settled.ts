import type { Cause } from "./cause.ts";
import type { InvocationId } from "./facts.ts";
import { blockers } from "./gates.ts";
import { mayGoBack } from "./rollout.ts";
import { atRest, isUp, type State } from "./state.ts";
import { selected, stateOf, type Whom, type World } from "./world.ts";

/** What an order waits for. `tickets[n]` is the handover, or the run of exec_reload, of instance n that the order joined. */
export type Goal = Readonly<
  | { tag: "up" }
  | { tag: "down" }
  | { tag: "scaled" }
  | { tag: "reloaded" | "commanded"; tickets: Readonly<Record<number, number>> }
>;

/** What became of it. Shape of `waitsFor`: `redis, which has failed`. `stuck`: the instances that could not go back. */
export type Settlement = Readonly<{
  result: "done" | "failed" | "kept-old";
  cause: Cause | null;
  waitsFor: string | null;
  invocation: InvocationId | null;
  stuck?: readonly number[];
}>;

const done: Settlement = { result: "done", cause: null, waitsFor: null, invocation: null };

/** Says what became of a goal for one unit (`api`) or instance (`api@2`), or null while it can still go either way. */
export function settled(world: World, name: string, goal: Goal): Settlement | null {
  const entry = world.units.get(name.split("@")[0] ?? "");
  // A unit whose file is gone is dropped when it has come to rest.
  if (!entry) return goal.tag === "down" ? done : { ...done, result: "failed" };
  const all = selected(world, name);
  // An instance beyond the target is about to be dropped: nobody waits for it but a stop and the scale itself.
  if (goal.tag === "scaled" && all.length > entry.target) return null;
  const whoms = goal.tag === "down" ? all : all.filter((whom) => whom.instance <= entry.target);
  const each = whoms.map((whom) => settledOne(world, whom, goal));
  const worst = each.find((one) => one?.result === "kept-old") ?? each.find((one) => one?.result === "failed");
  // Those who had their turn before are going back.
  if (goal.tag === "reloaded" && worst?.result === "kept-old" && mayGoBack(entry)) return null;
  const stuck = worst?.result === "kept-old" ? whoms.filter((whom) => isStuck(stateOf(world, whom))) : [];
  if (worst && stuck.length > 0) return { ...worst, stuck: stuck.map(({ instance }) => instance) };
  if (goal.tag !== "down" && worst) return worst;
  return each.every((one) => one !== null) ? { ...done, cause: each[0]?.cause ?? null } : null;
}

function settledOne(world: World, whom: Whom, goal: Goal): Settlement | null {
  const state = stateOf(world, whom);
  if (!state) return done;
  switch (goal.tag) {
    case "scaled":
      // A unit that nobody wants up has as many instances at rest.
      if (state.wanted === "down") return atRest(state) ? done : null;
      return up(world, whom.unit, state);
    case "up":
      return up(world, whom.unit, state);
    case "down":
      return atRest(state) ? { ...done, cause: state.cause } : null;
    case "reloaded":
      return reloaded(state, goal.tickets[whom.instance]);
    case "commanded":
      return commanded(state, goal.tickets[whom.instance]);
  }
}

function up(world: World, unit: string, state: State): Settlement | null {
  if (state.bounce) return null;
  if (isUp(state)) return done;
  const invocation = state.lastExit?.invocation ?? null;
  switch (state.phase.tag) {
    case "finished":
      return { ...done, cause: state.cause };
    case "failed":
      return { result: "failed", cause: state.cause, waitsFor: null, invocation };
    case "inactive": {
      if (state.wanted === "down") return { ...done, result: "failed", cause: { tag: "stopped" } };
      const fatal = blockers(world, unit).find((blocker) => blocker.fatal);
      return fatal ? { ...done, result: "failed", waitsFor: `${fatal.unit}, which ${fatal.why}` } : null;
    }
    default:
      return null;
  }
}

/** A sibling has refused, and it could not go back: it runs what it was handed over to. */
function isStuck(state: State | undefined): boolean {
  const last = state?.handover.last;
  return last?.back === true && last.result === "kept-old";
}

/** An instance without a ticket had nothing to hand over. One that could not go back has what was asked for. */
function reloaded(state: State, ticket: number | undefined): Settlement | null {
  const { last } = state.handover;
  if (ticket === undefined) return done;
  if (!last || last.ticket < ticket) return null;
  if (isStuck(state)) return done;
  return { result: last.result, cause: last.cause, waitsFor: null, invocation: last.invocation };
}

function commanded({ reload }: State, ticket: number | undefined): Settlement | null {
  if (ticket === undefined) return done;
  if (reload.ended < ticket) return null;
  return reload.cause === null ? done : { ...done, result: "failed", cause: reload.cause };
}
