import type { Instant } from "../core/facts.ts";
import { judged } from "../core/scale.ts";
import { isUp, mainRun, type State } from "../core/state.ts";
import { type View, viewOf, worstView } from "../core/view.ts";
import type { UnitState, World } from "../core/world.ts";
import { match } from "../unit/pattern.ts";
import type { Changed } from "./difference.ts";
import type { Happenings } from "./happenings.ts";
import type { Orders } from "./orders.ts";
import type { Clock, Desk, Releases } from "./ports.ts";
import type { Reconfigure } from "./reconfigure.ts";
import { inspect, type StatusSources, statusOf } from "./status.ts";

export type DeskOptions = Readonly<{
  sources: () => Omit<StatusSources, "since">;
  since: Since;
  orders: Orders;
  reconfigure: Reconfigure;
  releases: Releases | null;
  happenings: Happenings;
  outputFile: (unit: string) => string;
}>;

/** What the control plane may ask for. */
export function createDesk(options: DeskOptions): Desk {
  const { sources, since, orders, reconfigure, releases, happenings, outputFile } = options;
  return {
    status: () => statusOf({ ...sources(), since: since.of }),
    inspect: (name) => inspect({ ...sources(), since: since.of }, name),
    loaded: (unit) => sources().world.units.get(unit)?.unit ?? null,
    match: (patterns) => match(patterns, namesOf(sources().world)),
    order: (order, by) => orders.give(order, by),
    plan: () => reconfigure.plan(),
    settings: () => reconfigure.settings(),
    releases: () => releases?.list() ?? [],
    happenings: (after, signal) => happenings.after(after, signal),
    outputFile,
  };
}

/** Every unit, and behind it its instances: `api`, `api@1`, `api@2`. */
function namesOf(world: World): readonly string[] {
  return [...world.units].flatMap(([name, { instances }]) => [
    name,
    ...instances.map((_, index) => `${name}@${index + 1}`),
  ]);
}

/** Remembers when each unit, and each instance (`api@2`), entered the active_state that it is in. */
export interface Since {
  of(name: string): Instant;
  turned(changes: readonly Changed[]): void;
  /** Another daemon has left these: who serves has done so since it was ready, who has ended rests since then. */
  resume(units: Iterable<UnitState>): void;
}

export function createSince(clock: Clock): Since {
  const born = clock.now();
  const entered = new Map<string, Readonly<{ state: string; at: Instant }>>();
  const enter = (name: string, { activeState }: View, at: Instant | null): void => {
    // Who is handed over has been active all the time.
    const state = activeState === "reloading" ? "active" : activeState;
    if (entered.get(name)?.state !== state) entered.set(name, { state, at: at ?? clock.now() });
  };
  const enterAll = (entry: UnitState, at: (state: State) => Instant | null): void => {
    const { unit, instances } = entry;
    const worst = worstView(judged(entry));
    const like = instances
      .filter((state) => viewOf(state).activeState === worst.activeState)
      .flatMap((one) => at(one) ?? []);
    enter(unit.name, worst, like.length > 0 ? Math.max(...like) : null);
    for (const [index, state] of instances.entries()) enter(`${unit.name}@${index + 1}`, viewOf(state), at(state));
  };
  return {
    of: (name) => entered.get(name)?.at ?? born,
    resume(units) {
      for (const entry of units) enterAll(entry, (state) => readyAt(state) ?? state.lastExit?.at ?? null);
    },
    turned(changes) {
      for (const { name, before, now } of changes) {
        const left = now?.instances.length ?? 0;
        if (!now) entered.delete(name);
        for (let gone = before?.instances.length ?? 0; gone > left; gone--) entered.delete(`${name}@${gone}`);
        if (now) enterAll(now, readyAt);
      }
    },
  };
}

/** Since when it is up; null: it is not. */
const readyAt = (state: State): Instant | null => (isUp(state) ? (mainRun(state)?.readyAt ?? null) : null);
