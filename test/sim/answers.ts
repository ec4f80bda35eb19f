import type { ProcessFact } from "../../supervisor/core/event.ts";
import { serving } from "../../supervisor/core/state.ts";
import type { UnitState, World } from "../../supervisor/core/world.ts";
import type { ProbeKind } from "../../supervisor/unit/unit.ts";

const fatal: readonly ProbeKind[] = ["startup", "liveness"];

/** What the probes were really told, the last answers in a row for each life and kind. */
export class Answers {
  /** Shape: `i1 readiness` → how often in a row, passes above and failures below 0. */
  readonly #row = new Map<string, number>();
  /** The longest row of passes ever. */
  readonly #most = new Map<string, number>();

  hear(fact: ProcessFact): void {
    if (fact.tag !== "answered") return;
    const key = `${fact.invocation} ${fact.kind}`;
    const before = this.#row.get(key) ?? 0;
    const row = fact.ok ? Math.max(before, 0) + 1 : Math.min(before, 0) - 1;
    this.#row.set(key, row);
    this.#most.set(key, Math.max(row, this.#most.get(key) ?? 0));
  }

  /** A life is up when its startup and readiness probes have passed as often as they must. */
  mayBeUp({ unit }: UnitState, invocation: string): readonly string[] {
    const open = (["startup", "readiness"] as const).filter((kind) => {
      const probe = unit.probes[kind];
      return probe !== undefined && (this.#most.get(`${invocation} ${kind}`) ?? 0) < probe.successThreshold;
    });
    return open.map((kind) => `${unit.name}: ${invocation} is up before its ${kind} probe has passed`);
  }

  /** Who serves though a probe that it must not fail has failed as often as it may. */
  unfit(world: World): readonly string[] {
    const found: string[] = [];
    for (const { unit, instances } of world.units.values()) {
      for (const kind of fatal) {
        const probe = unit.probes[kind];
        if (!probe) continue;
        for (const { invocation, mood } of instances.flatMap(serving)) {
          const row = this.#row.get(`${invocation} ${kind}`) ?? 0;
          if (mood === "stopping" || -row < probe.failureThreshold) continue;
          found.push(`${unit.name}: ${invocation} goes on though it fails its ${kind} probe`);
        }
      }
    }
    return found;
  }
}
