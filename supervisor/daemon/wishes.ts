import type { Goal } from "../core/settled.ts";
import type { Wish, World } from "../core/world.ts";
import type { Plan, UnitPlan } from "../unit/plan.ts";
import type { Unit } from "../unit/unit.ts";
import { ticketOf } from "./ticket.ts";
import type { Awaited } from "./waiters.ts";

/** What a plan asks of the loop. `late`: those who go once the handovers of `after` are over, because these still need them. */
export type Asked = Readonly<{
  wishes: readonly Wish[];
  goals: readonly Awaited[];
  late: readonly Readonly<{ unit: string; after: readonly string[] }>[];
}>;

/**
 * Turns a plan into wishes and into what is to be waited for. `definitionsOf`: what a unit is loaded as and runs with, before
 * the plan is applied, as `world` is.
 */
export function wishesOf(
  plan: Plan,
  world: World,
  after: readonly Unit[],
  definitionsOf: (unit: string) => readonly Unit[],
): Asked {
  const named = (action: UnitPlan["action"]) =>
    plan.units.filter((one) => one.action === action).map(({ unit }) => unit);
  const loaded = new Set(after.map(({ name }) => name));
  const handed = named("handover");
  const late = named("stop")
    .filter((unit) => !loaded.has(unit))
    .map((unit) => ({ unit, after: handed.filter((other) => definitionsOf(other).some((one) => needs(one, unit))) }))
    .filter((one) => one.after.length > 0);
  const stopped = named("stop").filter((unit) => !late.some((one) => one.unit === unit));
  const scaled = plan.units.filter(({ unit, keys }) => keys.includes("service.instances") && loaded.has(unit));
  const orders = [
    ["want-down", stopped],
    ["want-up", named("start")],
    ["want-restart", named("restart")],
    ["want-reload", handed],
  ] as const;
  return {
    wishes: [
      ...scaled.map(({ unit }): Wish => ({ tag: "scale", unit, count: countOf(after, unit) })),
      ...orders.flatMap(([tag, units]): Wish[] => (units.length > 0 ? [{ tag: "order", units, event: { tag } }] : [])),
    ],
    goals: plan.units.flatMap((one) => (late.some(({ unit }) => unit === one.unit) ? [] : goalOf(world, one))),
    late,
  };
}

const needs = ({ requires, bindsTo, wants, after }: Unit, name: string) =>
  [...requires, ...bindsTo, ...wants, ...after].includes(name);

function countOf(units: readonly Unit[], name: string): number {
  return units.find((unit) => unit.name === name)?.service.instances ?? 1;
}

function goalOf(world: World, { unit, action, keys }: UnitPlan): readonly Awaited[] {
  const goal = (one: Goal): readonly Awaited[] => [{ unit, goal: one }];
  switch (action) {
    case "start":
    case "restart":
      return goal({ tag: "up" });
    case "handover":
      return goal(ticketOf(world, unit));
    case "stop":
      return goal({ tag: "down" });
    case "live":
      return keys.includes("service.instances") ? goal({ tag: "scaled" }) : [];
    case "nothing":
      return [];
  }
}
