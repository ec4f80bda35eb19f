import type { ProcessFact } from "../../supervisor/core/event.ts";
import { isUp, runs, serving } from "../../supervisor/core/state.ts";
import type { Deed, UnitState, World } from "../../supervisor/core/world.ts";

/**
 * Looks at each deed as it is done, for promises that speak of the way and not of the place:
 * an old generation is told to drain only when the new one was ready and outlived the soak; a unit is started only
 * when all it requires is up; a rejected handover leaves the old generation untouched.
 */
export class Watch {
  readonly #readyAt = new Map<string, number>();
  readonly #said = new Set<string>();

  /** What a process really said of itself. */
  hear(fact: ProcessFact): void {
    if (fact.tag === "ready" || fact.tag === "spawned") this.#said.add(`${fact.tag} ${fact.invocation}`);
  }

  see({ unit: name, instance, effect }: Deed, before: World, after: World, now: number): readonly string[] {
    const entry = after.units.get(name);
    if (!entry) return [`a deed for ${name}, which does not exist`];
    if (effect.tag === "spawn") {
      const wanted = entry.instances[instance - 1]?.wanted;
      return wanted === "down" ? [`${name} is started though nobody wants it`] : mayStart(entry, before, after);
    }
    if (effect.tag !== "report") return [];
    const { report } = effect;
    if (report.tag === "ready") {
      this.#readyAt.set(report.invocation, now);
      const word = entry.unit.service.type === "notify" ? "ready" : "spawned";
      if (!this.#said.has(`${word} ${report.invocation}`)) return [`${name}: taken for ready without its own word`];
    }
    if (report.tag === "draining") return this.#mayDrain(entry, instance, now);
    if (report.tag === "handover-ended" && report.end.result === "kept-old")
      return keepsOld(before, after, name, instance);
    return [];
  }

  #mayDrain({ unit, instances }: UnitState, instance: number, now: number): readonly string[] {
    const state = instances[instance - 1];
    const main = state && serving(state)[0];
    const readyAt = main && this.#readyAt.get(main.invocation);
    if (readyAt === undefined) return [`${unit.name}: drains the old generation before the new one is ready`];
    return now - readyAt >= unit.handover.soakMs
      ? []
      : [`${unit.name}: drains the old generation before the soak is over`];
  }
}

function mayStart({ unit }: UnitState, before: World, after: World): readonly string[] {
  const isGoing = (name: string): boolean =>
    [before, after].some((world) =>
      world.units.get(name)?.instances.every((state) => isUp(state) || state.phase.tag === "finished"),
    );
  const restarted = before.units.get(unit.name)?.instances.some((state) => state.phase.tag !== "inactive");
  if (restarted) return [];
  return unit.requires
    .filter((name) => !isGoing(name))
    .map((name) => `${unit.name} is started while ${name} is not up`);
}

function keepsOld(before: World, after: World, name: string, instance: number): readonly string[] {
  const was = before.units.get(name)?.instances[instance - 1];
  const is = after.units.get(name)?.instances[instance - 1];
  if (!was || !is) return [];
  const old = serving(was)[0]?.invocation;
  const stillThere = runs(is).some((run) => run.invocation === old);
  return old !== undefined && !stillThere ? [`${name}: the old generation is gone after a rejected handover`] : [];
}
