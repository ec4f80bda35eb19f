import { concerned } from "./concerned.ts";
import type { Event } from "./event.ts";
import { isReloading, rolloutEvent } from "./rollout.ts";
import { atRest, holdsWork, isComing, isReady, isUp, type State } from "./state.ts";
import type { UnitState, Whom, World } from "./world.ts";

/** A move that an instance may make now: its wish is there and nobody it is ordered with stands in the way. */
export type Gate = Whom & Readonly<{ event: Extract<Event, { tag: GateTag }> }>;

type GateTag = "launch" | "halt" | "replace" | "unbind" | "withdraw" | "go-back" | "agree";

/**
 * Every gate that is open. Pure: the same world opens the same gates, in name order.
 * Why: a gate can open only when something that it looks at has changed; the others are shut without a look.
 * To be unbound is a wish, and wishes are complete before anything acts on them; so it goes alone, before all else.
 */
export function gates(world: World): readonly Gate[] {
  const open: Gate[] = [];
  for (const { unit, instances } of concerned(world, world.shut)) {
    for (let instance = 1; instance <= instances.length; instance++) {
      const gate = gateOf(world, { unit: unit.name, instance });
      if (gate) open.push(gate);
    }
  }
  const unbinding = open.filter(({ event }) => event.tag === "unbind");
  return unbinding.length > 0 ? unbinding : open;
}

/** The gate that is open for one instance, or null. One that has just been passed may close another's. */
export function gateOf(world: World, whom: Whom): Gate | null {
  const entry = world.units.get(whom.unit);
  const state = entry?.instances[whom.instance - 1];
  if (!entry || !state) return null;
  const event = eventOf(world, entry, whom, state);
  return event && { ...whom, event };
}

function eventOf(world: World, entry: UnitState, { unit, instance }: Whom, state: State): Gate["event"] | null {
  if (isUnbound(world, unit, state)) return { tag: "unbind" };
  if (wishesHalt(state)) return mayHalt(world, unit) ? { tag: "halt" } : null;
  if (wishesLaunch(state)) return blockers(world, unit).length === 0 ? { tag: "launch" } : null;
  const next = rolloutEvent(entry, instance - 1);
  return next?.tag === "replace" && !mayReplace(world, entry) ? null : next;
}

/** It runs, and a unit that it is bound to does not any more. One that is scaled up is not lost. */
function isUnbound(world: World, unit: string, state: State): boolean {
  const bound = world.graph.get(unit)?.bindsTo ?? [];
  if (bound.length === 0 || !("run" in state.phase) || state.bounce || state.wanted === "down") return false;
  const isThere = (other: State): boolean => ["up", "unready"].includes(standingOf(other)) || isComing(other);
  return !entries(world, bound).every((entry) => meant(entry).every(isThere));
}

const wishesHalt = (state: State): boolean => "run" in state.phase && (state.wanted === "down" || state.bounce);

const wishesLaunch = (state: State): boolean => state.phase.tag === "inactive" && state.wanted === "up";

/** Those ordered after it stop first. */
function mayHalt(world: World, unit: string): boolean {
  return successors(world, unit).every(({ instances }) => instances.every((state) => !isEnding(state)));
}

const isEnding = (state: State): boolean => (state.wanted === "down" || state.bounce) && !atRest(state);

/** A unit waits until those it is ordered after have had their turn. */
function mayReplace(world: World, entry: UnitState): boolean {
  const ancestors = entries(world, world.graph.get(entry.unit.name)?.ancestors ?? []);
  return !ancestors.some(({ instances }) => instances.some(isReloading));
}

/** Why a unit is not started yet. `fatal`: it will not be without a new order. Shape of `why`: `has failed`. */
export type Blocker = Readonly<{ unit: string; fatal: boolean; why: string }>;

/** Whom a unit that is to start has to wait for. */
export function blockers(world: World, unit: string): readonly Blocker[] {
  const node = world.graph.get(unit);
  if (!node) return [];
  const waiting = node.after.flatMap((name): readonly Blocker[] => {
    const before = world.units.get(name);
    const need = node.bindsTo.includes(name) ? "bound" : node.requires.includes(name) ? "required" : "ordered";
    return before ? blocker(world, before, need) : [];
  });
  const enemies = entries(world, node.conflicts).filter(({ instances }) => !instances.every(isGone));
  return [...enemies.map((enemy) => ({ unit: enemy.unit.name, fatal: false, why: "is not stopped yet" })), ...waiting];
}

/** The work of a oneshot that stays done is undone before what conflicts with it starts. */
const isGone = (state: State): boolean => atRest(state) && !holdsWork(state);

type Need = "ordered" | "required" | "bound";

function blocker(world: World, entry: UnitState, need: Need): readonly Blocker[] {
  const standing = meant(entry).map(standingOf);
  if (standing.every((one) => one === "up" || (one === "done" && need !== "bound"))) return [];
  const { name } = entry.unit;
  if (standing.includes("moving")) {
    const fatal = need !== "ordered" && isHopeless(world, name);
    return [{ unit: name, fatal, why: fatal ? "cannot start" : "is not up yet" }];
  }
  if (standing.includes("unready")) return [{ unit: name, fatal: false, why: "is not ready" }];
  if (need === "ordered") return [];
  if (standing.includes("failed")) return [{ unit: name, fatal: true, why: "has failed" }];
  if (standing.includes("down")) return [{ unit: name, fatal: true, why: "is stopped" }];
  if (need === "bound" && standing.includes("done")) return [{ unit: name, fatal: true, why: "has ended" }];
  return [{ unit: name, fatal: false, why: "is about to be restarted" }];
}

/** A unit that waits for a required one which has failed has failed as well, for those who require it in turn. */
function isHopeless(world: World, unit: string): boolean {
  const instances = world.units.get(unit)?.instances ?? [];
  return instances.some(wishesLaunch) && blockers(world, unit).some((one) => one.fatal);
}

/** `unready`: it runs, and its readiness probe says no. `done`: it ended in success by itself. Whoever needs its work may go on; whoever is bound to it may not. */
type Standing = "up" | "unready" | "done" | "moving" | "pausing" | "failed" | "down";

function standingOf(state: State): Standing {
  if (isUp(state) && !state.bounce) return isReady(state) ? "up" : "unready";
  switch (state.phase.tag) {
    case "finished":
      return state.phase.holds ? "up" : "done";
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

/** The instances that there are to be: one too many, on its way out, is nothing to anybody who needs the unit. */
function meant({ target, instances }: UnitState): readonly State[] {
  return instances.slice(0, target);
}

function successors(world: World, unit: string): readonly UnitState[] {
  return entries(world, world.graph.get(unit)?.successors ?? []);
}

function entries(world: World, names: readonly string[]): readonly UnitState[] {
  return names.flatMap((name) => world.units.get(name) ?? []);
}
