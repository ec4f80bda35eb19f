import type { UnitStatus } from "../../supervisor/unit/status.ts";
import type { Daemon } from "../../test/support/daemon.ts";
import { type Ended, post } from "../handovers.ts";
import type { Draw } from "../random.ts";
import type { Loss } from "./loss.ts";

export const BOUND_MS = 60_000;

/** What a soak does to one unit. `port`: where it serves. */
export type Place = Readonly<{
  daemon: Daemon;
  unit: string;
  port: number;
  /** Connections of the load. */
  clients: number;
  draw: Draw;
  losses: Loss[];
  /** Writes the unit's file anew, with another value in its environment. */
  rewrite(): void;
}>;

/** One fault, to its end. Shape: null, or what was not as it should be. */
export type Fault = (place: Place) => Promise<string | null>;

/** Waits until a unit serves with nobody coming or going. */
export function atRest({ daemon, unit }: Pick<Place, "daemon" | "unit">): Promise<UnitStatus> {
  const resting = ({ active_state, instances }: UnitStatus) =>
    active_state === "active" && instances.length > 0 && instances.every(({ phase }) => phase === "running");
  return daemon.until(unit, resting, "it is at rest", BOUND_MS);
}

/** Gives an order about the unit and waits for its end. Shape: `order(place, "scale", { instances: 2 })`. */
export function order({ daemon, unit }: Place, verb: string, body: unknown = {}): Promise<string> {
  return post(daemon.controlPath, `/v1/units/${unit}/${verb}?wait=${BOUND_MS}ms`, body);
}

export function reloadConfig({ daemon }: Place): Promise<string> {
  return post(daemon.controlPath, `/v1/config/reload?wait=${BOUND_MS}ms`);
}

/** Shape: null, or what was expected instead. */
export function expecting(result: string, ended: Ended): string | null {
  return ended.result === result ? null : `${result} was expected: ${ended.result}: ${ended.message}`;
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
