import type { Instant, InvocationId } from "./facts.ts";
import { recentStarts } from "./start-limit.ts";
import { atRest, holdsWork, isComing, isUp, nextDeadline, runs, type State, serving } from "./state.ts";
import type { UnitState, World } from "./world.ts";

/** Most processes that one instance may ever have: the one that serves, and one that comes or goes. */
const mostProcesses = 2;

/**
 * What must hold between any two turns, whatever happened. `alive` says which invocations really have a process.
 * Shape: an empty list, or one sentence for each breach. Checked after every turn of the simulation.
 */
export function breaches(world: World, alive: ReadonlySet<InvocationId>, now: Instant): readonly string[] {
  const known = new Set<InvocationId>();
  const found = [...world.units.values()].flatMap((entry) => [
    ...relationBreaches(world, entry),
    ...numberBreaches(entry),
    ...entry.instances.flatMap((state, index) => {
      for (const run of runs(state)) known.add(run.invocation);
      return instanceBreaches(entry, state, alive, now).map((text) => `${entry.unit.name}@${index + 1}: ${text}`);
    }),
  ]);
  const unseen = [...alive].filter((invocation) => !known.has(invocation));
  return unseen.length === 0 ? found : [...found, `unseen processes: ${unseen.join(", ")}`];
}

/** A unit that is bound to one which is not up runs no longer than it takes to stop it. */
function relationBreaches(world: World, { unit, instances }: UnitState): readonly string[] {
  const lost = (world.graph.get(unit.name)?.bindsTo ?? []).filter(
    (name) => !meant(world.units.get(name)).every((state) => isUp(state) || holdsWork(state) || isComing(state)),
  );
  const runsOn = instances.some((state) => serving(state).length > 0 && state.wanted === "up" && !state.bounce);
  return lost.length > 0 && runsOn ? [`${unit.name} runs on without ${lost.join(", ")}`] : [];
}

/** There are as many instances as there are to be, and beyond them only those that are on their way out. */
function numberBreaches({ unit, target, instances }: UnitState): readonly string[] {
  if (instances.length < target) return [`${unit.name} has ${instances.length} of ${target} instances`];
  const beyond = instances.slice(target);
  if (beyond.some((state) => state.wanted === "up")) return [`${unit.name} keeps an instance beyond ${target}`];
  const last = beyond.at(-1);
  return last !== undefined && atRest(last) ? [`${unit.name} remembers an instance that is gone`] : [];
}

function meant(entry: UnitState | undefined): readonly State[] {
  return entry ? entry.instances.slice(0, entry.target) : [];
}

function instanceBreaches(
  { unit }: UnitState,
  state: State,
  alive: ReadonlySet<InvocationId>,
  now: Instant,
): readonly string[] {
  const live = runs(state).filter((run) => alive.has(run.invocation));
  const [main, next] = serving(state);
  const due = nextDeadline(state);
  const { startLimitBurst } = unit.service;
  const starts = recentStarts(unit.service, state.starts, now);
  const checks: readonly (readonly [boolean, string])[] = [
    [live.length <= mostProcesses, `${live.length} processes at once`],
    [!atRest(state) || live.length === 0, `at rest (${state.phase.tag}) with a process`],
    [state.phase.tag !== "waiting" || serving(state).length === 0, "waiting with a serving process"],
    [!next || !main || next.generation > main.generation, "a handover to an older generation"],
    [main === undefined || main.generation <= state.generation, "a generation from the future"],
    [due === null || due > now, `a deadline of ${due} is still due at ${now}`],
    [new Set(runs(state).map((run) => run.invocation)).size === runs(state).length, "one invocation in two places"],
    [startLimitBurst === 0 || starts.length <= startLimitBurst, `${starts.length} starts within the interval`],
    [!state.bounce || serving(state).length > 0 || state.phase.tag === "stopping", "a restart that has nobody to end"],
    [state.phase.tag !== "stopping" || state.leaving.length > 0, "stopping with nobody left"],
    [
      state.phase.tag !== "finished" || holdsWork(state) === (unit.service.type === "oneshot"),
      "finished, and only the work of a oneshot stays done",
    ],
    [state.phase.tag !== "failed" || state.cause !== null, "failed without a cause"],
  ];
  return checks.filter(([holds]) => !holds).map(([, text]) => text);
}
