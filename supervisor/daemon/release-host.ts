import { mainRun, runs, serving } from "../core/state.ts";
import type { World } from "../core/world.ts";
import type { Errands } from "./errands.ts";
import type { Told } from "./happening.ts";
import { told } from "./happening.ts";
import type { Orders } from "./orders.ts";
import type { PrivateListeners } from "./ports.ts";
import type { Reconfigure } from "./reconfigure.ts";
import type { Place, ReleaseHost } from "./releases.ts";

export type HostOptions = Readonly<{
  world: () => World;
  orders: () => Orders;
  reconfigure: () => Reconfigure;
  privates: PrivateListeners;
  run: Errands["run"];
  note: (one: Told) => void;
}>;

/** What a deployment may ask of a daemon. */
export function createReleaseHost({ world, orders, reconfigure, privates, run, note }: HostOptions): ReleaseHost {
  return {
    move: (disk, verb, by) => orders().move({ disk, verb }, by),
    check: (disk) => reconfigure().plan(disk),
    running: () => releasesOf(world()),
    places: () => placesOf(world(), privates),
    settings: () => reconfigure().settings(),
    run,
    isEnding: () => orders().isShuttingDown,
    note: (level, event, text, unit) => note({ ...told(level, event, text), unit, why: unit && text }),
  };
}

/** Whether a daemon that was killed has left processes of another release than the one that is loaded. */
export function isTorn({ units }: World): boolean {
  return [...units.values()].some(({ unit, instances }) =>
    instances.flatMap(serving).some(({ program }) => (program.release ?? null) !== unit.release),
  );
}

/** The releases that somebody serves from, or may go back to. */
function releasesOf({ units }: World): ReadonlySet<string> {
  const states = [...units.values()].flatMap(({ instances }) => instances);
  const programs = states.flatMap((state) => [
    ...runs(state).map(({ program }) => program),
    ...state.handover.undo.map(({ program }) => program),
  ]);
  return new Set(programs.flatMap(({ release }) => release ?? []));
}

function placesOf({ units }: World, privates: PrivateListeners): readonly Place[] {
  return [...units].flatMap(([unit, { instances }]) =>
    instances.flatMap((state, index): readonly Place[] => {
      const run = mainRun(state);
      const path = run && privates.of(run.invocation)?.path;
      const release = run?.program.release ?? null;
      return path ? [{ unit, instance: `${unit}@${index + 1}`, release, path }] : [];
    }),
  );
}
