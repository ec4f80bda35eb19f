import type { ProcessFact } from "../../supervisor/core/event.ts";
import { atRest, isUp, type Run, runs, serving } from "../../supervisor/core/state.ts";
import type { Deed, UnitState, World } from "../../supervisor/core/world.ts";
import { Answers } from "./answers.ts";
import { Errands } from "./errands.ts";

/**
 * Looks at each deed as it is done, for promises that speak of the way and not of the place:
 * an old generation is told to drain only when the new one was ready and outlived the soak; a unit is started only
 * when all it requires is up and nothing that it conflicts with has a process; a rejected handover leaves the old
 * generation untouched; a watched process is ended when it is silent, and only then; a start has the time it was given;
 * a process is started when the commands before it have done well, and is up when its probes and the commands after it
 * have; nobody who fails its startup or liveness probe as often as it may goes on.
 */
export class Watch {
  readonly #readyAt = new Map<string, number>();
  readonly #said = new Set<string>();
  readonly #signs = new Map<string, number>();
  readonly #extended = new Map<string, number>();
  readonly #errands = new Errands();
  readonly #answers = new Answers();

  /** What a process really said of itself. */
  hear(fact: ProcessFact, now: number): void {
    if (fact.tag === "ready" || fact.tag === "spawned" || fact.tag === "hung")
      this.#said.add(`${fact.tag} ${fact.invocation}`);
    this.#errands.hear(fact);
    this.#answers.hear(fact);
    if (fact.tag === "alive") this.#signs.set(fact.invocation, now);
    if (fact.tag === "extend") this.#extended.set(fact.invocation, now + fact.byMs);
  }

  /** Names every process that serves though it has been silent for too long, or has failed its probes too often. */
  unfit(world: World, now: number): readonly string[] {
    return [...this.#silent(world, now), ...this.#answers.unfit(world)];
  }

  #silent(world: World, now: number): readonly string[] {
    const found: string[] = [];
    for (const { unit, instances } of world.units.values()) {
      const { watchdogMs } = unit.service;
      if (watchdogMs === 0) continue;
      for (const run of instances.flatMap(serving)) {
        if (run.readyAt === null || run.mood === "stopping" || now <= this.#lastSign(run) + watchdogMs) continue;
        found.push(`${unit.name}: ${run.invocation} is silent and serves`);
      }
    }
    return found;
  }

  #lastSign({ invocation, readyAt }: Run): number {
    return Math.max(this.#signs.get(invocation) ?? 0, readyAt ?? 0);
  }

  see({ unit: name, instance, effect }: Deed, before: World, after: World, now: number): readonly string[] {
    const entry = after.units.get(name);
    if (!entry) return [`a deed for ${name}, which does not exist`];
    if (effect.tag === "command") this.#errands.begin(effect);
    const isStart = effect.tag === "spawn" || (effect.tag === "command" && effect.kind === "start-pre");
    const isFirst = ["inactive", "waiting"].includes(before.units.get(name)?.instances[instance - 1]?.phase.tag ?? "");
    if (isStart && isFirst) {
      const wanted = entry.instances[instance - 1]?.wanted;
      if (wanted === "down") return [`${name} is started though nobody wants it`];
      const early = mayStart(entry, before, after);
      if (early.length > 0) return early;
    }
    if (effect.tag === "spawn") return this.#errands.mayGoOn(entry, effect.invocation, "start-pre");
    const runsBefore = before.units.get(name)?.instances[instance - 1];
    if (effect.tag === "signal" && effect.signal === "SIGABRT") {
      const run = runsBefore && runs(runsBefore).find((one) => one.invocation === effect.invocation);
      return run ? this.#mayAbort(entry, run, now) : [`${name}: a process out of nowhere is ended`];
    }
    if (effect.tag !== "report") return [];
    const { report } = effect;
    if (report.tag === "moved" && report.cause?.tag === "start-timeout" && report.from !== "stopping") {
      return this.#mayTimeOut(entry, runsBefore ? serving(runsBefore).at(-1) : undefined, now);
    }
    if (report.tag === "ready") {
      if (entry.unit.service.type === "oneshot") return [`${name}: taken for ready before its work is done`];
      this.#readyAt.set(report.invocation, now);
      const word = entry.unit.service.type === "notify" ? "ready" : "spawned";
      if (!this.#said.has(`${word} ${report.invocation}`)) return [`${name}: taken for ready without its own word`];
      return [
        ...this.#errands.mayGoOn(entry, report.invocation, "start-post"),
        ...this.#answers.mayBeUp(entry, report.invocation),
      ];
    }
    if (report.tag === "handover-ended" && report.end.result === "done" && report.end.cause === null) {
      return this.#mayDrain(entry, report.end.invocation, now);
    }
    if (report.tag === "handover-ended" && report.end.result === "kept-old")
      return keepsOld(before, after, name, instance);
    return [];
  }

  #mayAbort({ unit }: UnitState, run: Run, now: number): readonly string[] {
    if (this.#said.has(`hung ${run.invocation}`)) return [];
    return now - this.#lastSign(run) >= unit.service.watchdogMs ? [] : [`${unit.name}: ended though it gave a sign`];
  }

  #mayTimeOut({ unit }: UnitState, run: Run | undefined, now: number): readonly string[] {
    if (run === undefined) return [`${unit.name}: a start that was not made is late`];
    const due = Math.max(run.orderedAt + unit.service.timeoutStartMs, this.#extended.get(run.invocation) ?? 0);
    return now >= due ? [] : [`${unit.name}: late at ${now}, though it has time until ${due}`];
  }

  #mayDrain({ unit }: UnitState, heir: string | null, now: number): readonly string[] {
    const readyAt = heir === null ? undefined : this.#readyAt.get(heir);
    if (readyAt === undefined) return [`${unit.name}: drains the old generation before the new one is ready`];
    return now - readyAt >= unit.handover.soakMs
      ? []
      : [`${unit.name}: drains the old generation before the soak is over`];
  }
}

function mayStart({ unit }: UnitState, before: World, after: World): readonly string[] {
  const isGoing = (name: string): boolean =>
    [before, after].some(({ units }) => {
      const { target = 0, instances = [] } = units.get(name) ?? {};
      return instances.slice(0, target).every((state) => isUp(state) || state.phase.tag === "finished");
    });
  const beside = (after.graph.get(unit.name)?.conflicts ?? []).filter(
    (name) => after.units.get(name)?.instances.every(atRest) === false,
  );
  if (beside.length > 0) return [`${unit.name} is started beside ${beside.join(", ")}`];
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
