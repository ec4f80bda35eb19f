import { parseAddress } from "../../unit/address.ts";
import { nearest } from "../../unit/nearest.ts";
import type { UnitStatus } from "../../unit/status.ts";

/** Where to connect. */
export type Place = Readonly<{ socketPath: string } | { host: string; port: number }>;

/** The listener that an API of the queue has, and the unit that is asked where several have one. */
const LISTENER = "http";
const FIRST = "api";

/**
 * Says where the queue's API is: at the listener `http` of the unit that is named; else of the only active one that has it, or of `api`.
 * Errors: a sentence, where there is none, or which of several is not clear.
 */
export function servingPlace(units: readonly UnitStatus[], named: string | null): Place | string {
  const serving = units.filter((unit) => isUp(unit) && addressOf(unit) !== null);
  const names = serving.map(({ name }) => name);
  if (named !== null && !names.includes(named)) {
    const near = nearest(named, names);
    return `${named} is not active, or has no listener '${LISTENER}'${near ? `; did you mean '${near}'?` : ""}`;
  }
  const chosen = serving.find(({ name }) => name === (named ?? FIRST)) ?? (serving.length === 1 ? serving[0] : null);
  if (chosen)
    return placeOf(addressOf(chosen) ?? "") ?? `${chosen.name}: its listener has no address that can be asked`;
  if (names.length === 0) return `no active unit has a listener '${LISTENER}' to ask`;
  return `several units could be asked; say which with --unit: ${names.join(", ")}`;
}

const isUp = ({ active_state }: UnitStatus): boolean => active_state === "active" || active_state === "reloading";

const addressOf = ({ listeners }: UnitStatus): string | null =>
  listeners.find(({ name }) => name === LISTENER)?.address ?? null;

/** One that listens on every address is asked on this machine's own. */
function placeOf(address: string): Place | null {
  const found = parseAddress(address);
  if (found === null) return null;
  if (found.tag === "unix") return { socketPath: found.path };
  const isEvery = found.host === "" || found.host === "0.0.0.0" || found.host === "::";
  return { host: isEvery ? "127.0.0.1" : found.host, port: found.port };
}
