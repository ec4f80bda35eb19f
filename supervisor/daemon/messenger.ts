import type { InvocationId } from "../core/facts.ts";
import { isUp, type Run, type State, serving } from "../core/state.ts";
import type { UnitState, World } from "../core/world.ts";
import type { Changed } from "./difference.ts";
import type { Processes } from "./ports.ts";

export type MessengerOptions = Readonly<{
  world: () => World;
  processes: Pick<Processes, "signal">;
  /** Runs the `exec_reload` of a unit. */
  command: (unit: string) => void;
}>;

/** Tells processes that what they read of `config/` says something else. */
export interface Messenger {
  /** Tells every process of these units, each once it is ready: before that, SIGHUP might end it. */
  tell(units: readonly string[]): void;
  /** Call after every turn. */
  turned(changes: readonly Changed[]): void;
}

/** Source: systemd.service(5), ExecReload=; without one, SIGHUP to the main process. */
export function createMessenger({ world, processes, command }: MessengerOptions): Messenger {
  /** Those that were on their way up, and may have read before the change. Bound: the processes that there are. */
  const late = new Set<InvocationId>();

  const tellOne = (state: State, run: Run): void => {
    if (run.readyAt === null) late.add(run.invocation);
    else if (run.mood !== "stopping" && isUp(state)) processes.signal(run.invocation, "SIGHUP", "main");
  };
  const tellAll = ({ unit, instances }: UnitState): void => {
    if (unit.service.execReload.length > 0) command(unit.name);
    else for (const state of instances) for (const run of serving(state)) tellOne(state, run);
  };
  return {
    tell(units) {
      for (const name of units) {
        const entry = world().units.get(name);
        if (entry) tellAll(entry);
      }
    },
    turned(changes) {
      if (late.size === 0) return;
      for (const { before, now } of changes) {
        const runs = now?.instances.flatMap((state) => serving(state).map((run) => [state, run] as const)) ?? [];
        const there = new Set(runs.map(([, { invocation }]) => invocation));
        for (const { invocation } of before?.instances.flatMap(serving) ?? [])
          if (!there.has(invocation)) late.delete(invocation);
        for (const [state, run] of runs) {
          if (run.readyAt === null || !late.delete(run.invocation)) continue;
          tellOne(state, run);
        }
      }
    },
  };
}
