import { atRest, type State } from "../core/state.ts";
import type { Changed } from "./difference.ts";
import type { Outputs, Processes } from "./ports.ts";

/** Lets go of what is kept for a unit over its restarts. */
export interface Resting {
  /** Call after every turn. */
  turned(changes: readonly Changed[]): void;
}

/**
 * Whoever rests has nobody to keep descriptors or an output file for, unless it is on the way to another start, or waits for
 * those it needs. Source: sd_notify(3), FDSTORE=1.
 */
export function createResting(processes: Pick<Processes, "forget">, outputs: Pick<Outputs, "rest">): Resting {
  const look = (name: string, before: readonly State[], now: readonly State[]): void => {
    if (before === now) return;
    for (let index = 0; index < Math.max(before.length, now.length); index++) {
      const state = now[index];
      if (state === before[index] || (state && !rests(state))) continue;
      processes.forget(`${name}@${index + 1}`);
      outputs.rest(name);
    }
  };
  return {
    turned(changes) {
      for (const { name, before, now } of changes) look(name, before?.instances ?? [], now?.instances ?? []);
    },
  };
}

/** Nobody is there, and nobody is to come without an order. */
const rests = (state: State): boolean => atRest(state) && (state.phase.tag !== "inactive" || state.wanted === "down");
