import type { Unit } from "../unit/unit.ts";
import type { Instant, InvocationId } from "./facts.ts";
import { isRollingOut } from "./rollout.ts";
import { recentStarts } from "./start-limit.ts";
import {
  atRest,
  type HandoverEnd,
  holdsWork,
  isComing,
  isUp,
  mainRun,
  type Run,
  runs,
  type State,
  serving,
} from "./state.ts";
import { dueAt, ownerOf, type Scene, type UnitState, type World } from "./world.ts";

/** Most processes that one instance may ever have: the one that serves, and one that comes or goes. */
const mostProcesses = 2;

/** What is known of the processes, and what time it is. `alive` says which invocations really have a process. */
export type Truth = Readonly<{ alive: ReadonlySet<InvocationId>; now: Instant }>;

/**
 * What must hold between any two turns, whatever happened. `before` is the world as it was when all of this was last seen
 * to hold: of a unit that is the same since then only its time and its relations are looked at.
 * Shape: an empty list, or one sentence for each breach. Checked after every turn of the simulation.
 */
export function breaches(world: World, { alive, now }: Truth, before: Scene | null = null): readonly string[] {
  const found: string[] = [];
  const isSame = before?.units === world.units && before.graph === world.graph;
  for (const [name, entry] of world.units) {
    if (!isSame) found.push(...relationBreaches(world, entry));
    if (dueAt(entry) <= now) found.push(`${name}: a deadline of ${dueAt(entry)} is still due at ${now}`);
    if (before?.units.get(name) === entry) continue;
    found.push(...numberBreaches(entry), ...rolloutBreaches(entry), ...instancesBreaches(entry, alive, now));
  }
  const unseen: string[] = [];
  for (const invocation of alive) if (ownerOf(world, invocation) === null) unseen.push(invocation);
  return unseen.length === 0 ? found : [...found, `unseen processes: ${unseen.join(", ")}`];
}

/** A unit that is bound to one which is not up runs no longer than it takes to stop it. */
function relationBreaches(world: World, { unit, instances }: UnitState): readonly string[] {
  const bound = world.graph.get(unit.name)?.bindsTo ?? [];
  if (bound.length === 0) return [];
  const lost = bound.filter(
    (name) => !meant(world.units.get(name)).every((state) => isUp(state) || holdsWork(state) || isComing(state)),
  );
  const runsOn = instances.some((state) => serving(state).length > 0 && state.wanted === "up" && !state.bounce);
  return lost.length > 0 && runsOn ? [`${unit.name} runs on without ${lost.join(", ")}`] : [];
}

/** There are as many instances as there are to be, and beyond them only those that are on their way out. */
function numberBreaches({ unit, target, instances }: UnitState): readonly string[] {
  if (instances.length === target) return [];
  if (instances.length < target) return [`${unit.name} has ${instances.length} of ${target} instances`];
  const beyond = instances.slice(target);
  if (beyond.some((state) => state.wanted === "up")) return [`${unit.name} keeps an instance beyond ${target}`];
  const last = beyond.at(-1);
  return last !== undefined && atRest(last) ? [`${unit.name} remembers an instance that is gone`] : [];
}

/** A rollout that is over was done by all or by none, but for those who could not go back. */
function rolloutBreaches(entry: UnitState): readonly string[] {
  if (entry.instances.length < 2 || isRollingOut(entry)) return [];
  const ended = (result: HandoverEnd["result"]) =>
    entry.instances.filter(({ handover: { last } }) => last?.result === result && !last.back);
  const refused = ended("kept-old")
    .map((state) => ({ at: mainRun(state)?.program.at ?? Infinity, rollout: state.handover.last?.rollout ?? 0 }))
    .flatMap(({ at, rollout }) => (at < rollout ? [rollout] : []));
  const followed = ended("done").filter(
    (state) =>
      refused.includes(state.handover.last?.rollout ?? -1) &&
      mainRun(state)?.invocation === state.handover.last?.invocation,
  );
  return followed.length === 0 ? [] : [`${entry.unit.name} runs two programs`];
}

function meant(entry: UnitState | undefined): readonly State[] {
  return entry ? entry.instances.slice(0, entry.target) : [];
}

function instancesBreaches({ unit, instances }: UnitState, alive: Truth["alive"], now: Instant): readonly string[] {
  return instances.flatMap((state, index) => {
    const all = runs(state);
    const [main, next] = serving(state);
    const live = all.filter((run) => alive.has(run.invocation) && !isCommand(run)).length;
    const seen: Seen = { unit, state, all, main, next, live, now };
    const broken = rules.filter(([holds]) => !holds(seen));
    return broken.length === 0 ? [] : broken.map(([, text]) => `${unit.name}@${index + 1}: ${text(seen)}`);
  });
}

/** One instance, and what of it the rules ask for. `all`: its processes as the state has them, `live`: how many really are. */
type Seen = Readonly<{
  unit: Unit;
  state: State;
  all: readonly Run[];
  main: Run | undefined;
  next: Run | undefined;
  live: number;
  now: Instant;
}>;

type Rule = readonly [holds: (seen: Seen) => boolean, breach: (seen: Seen) => string];

const rules: readonly Rule[] = [
  [({ live }) => live <= mostProcesses, ({ live }) => `${live} processes at once`],
  [({ state, live }) => live === 0 || !atRest(state), ({ state }) => `at rest (${state.phase.tag}) with a process`],
  [({ state, main }) => state.phase.tag !== "waiting" || !main, () => "waiting with a serving process"],
  [({ main, next }) => !next || !main || next.generation > main.generation, () => "a handover to an older generation"],
  [({ state, main }) => !main || main.generation <= state.generation, () => "a generation from the future"],
  [({ all }) => isEachOnce(all.filter((run) => run.exists)), () => "one invocation in two places"],
  [
    (seen) => seen.unit.service.startLimitBurst === 0 || startsOf(seen) <= seen.unit.service.startLimitBurst,
    (seen) => `${startsOf(seen)} starts within the interval`,
  ],
  [
    ({ state, main }) => !state.bounce || main !== undefined || state.phase.tag === "stopping",
    () => "a restart that has nobody to end",
  ],
  [
    ({ state }) => state.phase.tag !== "stopping" || state.leaving.length > 0 || state.chore !== null,
    () => "stopping with nobody left",
  ],
  [
    ({ state }) => !state.chore || (chorePhases[state.chore.kind] as readonly string[]).includes(state.phase.tag),
    ({ state }) => `${state.chore?.kind} in ${state.phase.tag}`,
  ],
  [
    ({ state, all }) => all.length < 2 || all.filter(isCommand).length <= state.leaving.length + 1,
    ({ all }) => `${all.filter(isCommand).length} commands at once`,
  ],
  [
    ({ main, state }) => main === undefined || main.exists || state.phase.tag === "starting",
    () => "it serves without a process",
  ],
  [
    ({ unit, state }) => state.phase.tag !== "finished" || holdsWork(state) === (unit.service.type === "oneshot"),
    () => "finished, and only the work of a oneshot stays done",
  ],
  [({ state }) => state.phase.tag !== "failed" || state.cause !== null, () => "failed without a cause"],
];

const isEachOnce = (all: readonly Run[]): boolean =>
  all.length < 2 || new Set(all.map((run) => run.invocation)).size === all.length;

/** A command of the unit, which has the name of a turn and its own kind. */
const isCommand = ({ invocation }: Run): boolean => invocation.includes(".");

const chorePhases = {
  "start-pre": ["starting", "replacing"],
  "start-post": ["starting", "replacing"],
  reload: ["running"],
  stop: ["stopping"],
  "stop-post": ["stopping"],
} as const;

const startsOf = ({ unit, state, now }: Seen): number => recentStarts(unit.service, state.starts, now).length;
