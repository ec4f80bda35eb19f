import { atRest, isUp, type State } from "./state.ts";
import type { UnitState, Whom, World } from "./world.ts";

/** A move that an instance may make now: its wish is there and nobody it is ordered with stands in the way. */
export type Gate = Whom & Readonly<{ event: "launch" | "halt" | "replace" }>;

/** Every gate that is open. Pure: the same world opens the same gates, in name order. */
export function gates(world: World): readonly Gate[] {
  return [...world.units.values()].flatMap((entry) => unitGates(world, entry));
}

function unitGates(world: World, entry: UnitState): readonly Gate[] {
  const unit = entry.unit.name;
  return entry.instances.flatMap((state, index): readonly Gate[] => {
    const whom = { unit, instance: index + 1 };
    if (wishesHalt(state)) return mayHalt(world, unit) ? [{ ...whom, event: "halt" }] : [];
    if (wishesLaunch(state)) return blockers(world, unit).length === 0 ? [{ ...whom, event: "launch" }] : [];
    if (wishesReplace(state)) return mayReplace(world, entry, index) ? [{ ...whom, event: "replace" }] : [];
    return [];
  });
}

const wishesHalt = (state: State): boolean => "run" in state.phase && (state.wanted === "down" || state.bounce);

const wishesLaunch = (state: State): boolean => state.phase.tag === "inactive" && state.wanted === "up";

/** A handover begins when the last one is over to its end: one process more than needed is the most there ever is. */
const wishesReplace = (state: State): boolean =>
  state.phase.tag === "running" && state.handover.queued && state.leaving.length === 0;

/** Those ordered after it stop first. */
function mayHalt(world: World, unit: string): boolean {
  return successors(world, unit).every(({ instances }) => instances.every((state) => !isEnding(state)));
}

const isEnding = (state: State): boolean => (state.wanted === "down" || state.bounce) && !atRest(state);

/** Instances of one unit take turns, and a unit waits until those it is ordered after have had theirs. */
function mayReplace(world: World, entry: UnitState, index: number): boolean {
  const siblings = entry.instances.filter((_, other) => other !== index);
  if (siblings.some(isReplacing) || entry.instances.slice(0, index).some((state) => state.handover.queued))
    return false;
  return !ancestors(world, entry.unit.name).some(({ instances }) => instances.some(isReloading));
}

const isReplacing = ({ phase, leaving }: State): boolean =>
  phase.tag === "replacing" || phase.tag === "soaking" || leaving.length > 0;

const isReloading = ({ phase, handover }: State): boolean =>
  handover.queued || phase.tag === "replacing" || phase.tag === "soaking";

/** Why a unit is not started yet. `fatal`: it will not be without a new order. */
export type Blocker = Readonly<{ unit: string; fatal: boolean }>;

/** Whom a unit that is to start has to wait for. */
export function blockers(world: World, unit: string): readonly Blocker[] {
  const node = world.graph.get(unit);
  if (!node) return [];
  return node.after.flatMap((name): readonly Blocker[] => {
    const before = world.units.get(name);
    return before ? blocker(world, before, node.requires.includes(name)) : [];
  });
}

function blocker(world: World, { unit, instances }: UnitState, required: boolean): readonly Blocker[] {
  const standing = instances.map((state) => standingOf(state));
  if (standing.every((one) => one === "up")) return [];
  if (standing.includes("moving")) return [{ unit: unit.name, fatal: required && isHopeless(world, unit.name) }];
  if (!required) return [];
  return [{ unit: unit.name, fatal: standing.includes("failed") || standing.includes("down") }];
}

/** A unit that waits for a required one which has failed has failed as well, for those who require it in turn. */
function isHopeless(world: World, unit: string): boolean {
  const instances = world.units.get(unit)?.instances ?? [];
  return instances.some(wishesLaunch) && blockers(world, unit).some((one) => one.fatal);
}

type Standing = "up" | "moving" | "pausing" | "failed" | "down";

function standingOf(state: State): Standing {
  if (isUp(state) && !state.bounce) return "up";
  switch (state.phase.tag) {
    case "finished":
      return "up";
    case "failed":
      return "failed";
    case "waiting":
      return "pausing";
    case "inactive":
      return state.wanted === "up" ? "moving" : "down";
    default:
      return "moving";
  }
}

function successors(world: World, unit: string): readonly UnitState[] {
  return entries(world, world.graph.get(unit)?.successors ?? []);
}

function ancestors(world: World, unit: string): readonly UnitState[] {
  const seen = new Set<string>();
  const queue = [...(world.graph.get(unit)?.after ?? [])];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    queue.push(...(world.graph.get(name)?.after ?? []));
  }
  return entries(world, [...seen]);
}

function entries(world: World, names: readonly string[]): readonly UnitState[] {
  return names.flatMap((name) => world.units.get(name) ?? []);
}
