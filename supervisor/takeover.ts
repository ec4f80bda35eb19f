import { join } from "node:path";
import { runs } from "./core/state.ts";
import { type Told, told } from "./daemon/happening.ts";
import { type Left, readStateLog } from "./daemon/state-log.ts";
import { census } from "./host/census.ts";
import { createLedger, type Entry, ledgerPath, readLedger } from "./host/ledger.ts";
import { clearLeftovers, type Leftover, type Manners } from "./host/leftovers.ts";
import { parkedListeners } from "./host/parked-listeners.ts";
import { type Parcel, takeParked } from "./host/parking.ts";
import { type Past, parcelName, unpacked } from "./host/past.ts";
import { bootId, createStateFile, keepAside, readStateFile } from "./host/state-file.ts";
import { takeListeners } from "./host/take-listeners.ts";
import type { Unit } from "./unit/unit.ts";

/** How long a process may take to go whose unit is not there any more. Source: the default of `timeout_stop_sec`. */
const LEFTOVER_MS = 10_000;

/** Where everything is that one supervisor leaves to the next. */
export const estateIn = (stateDir: string) => ({
  lives: ledgerPath(stateDir),
  parked: join(stateDir, "parked.json"),
  state: join(stateDir, "state.jsonl"),
});

/** What a supervisor that was killed has left. */
export type Takeover = Readonly<{
  /** How its units stood; null where it has left nothing. */
  left: Left | null;
  /** Who is gone on with. */
  past: ReadonlyMap<string, Past>;
  parcels: ReadonlyMap<string, Parcel>;
  /** Our own descriptors for its listeners. Shape of a name: `api.http`. */
  listeners: ReadonlyMap<string, number>;
  /** What is to be told of it. */
  news: readonly Told[];
  /** To be called once all that is needed is parked anew. */
  done(): void;
}>;

/**
 * Finds what a supervisor that was killed has left in a state directory that is ours now, and ends whatever nobody can go on with:
 * whose unit is gone, or of whom nobody has written down how it stood.
 */
export async function takeOver(stateDir: string, units: readonly Unit[]): Promise<Takeover> {
  const places = estateIn(stateDir);
  const parked = takeParked(places.parked);
  const { left, news } = readState(places.state);
  const entries = readLedger(readStateFile(places.lives));
  const known = invocationsOf(left, units);
  const [kept, leftover] = [true, false].map((isKnown) =>
    entries.filter((one) => known.has(one.invocation) === isKnown),
  );
  const living = census(entries);
  const past = new Map(
    (kept ?? []).map((entry): [string, Past] => {
      const descriptors = unpacked(parked.parcels.get(parcelName(entry.invocation)));
      return [entry.invocation, { entry, pids: living.get(entry.invocation) ?? [], descriptors }];
    }),
  );
  // Before anybody ends: clients wait in the queues meanwhile.
  const listeners = listenersOf(units, parked.parcels, entries, living);
  const cleared = await clearLeftovers(leftover ?? [], living, mannersOf(units));
  const ledger = createLedger({ file: createStateFile(places.lives), entries, note: () => undefined });
  for (const { invocation } of leftover ?? []) ledger.ended(invocation);
  const { parcels } = parked;
  return { left, past, parcels, listeners, news: [...news, ...cleared.map(toldOf)], done: () => parked.leave() };
}

/** Why what a supervisor has written down of its units could not be gone on with by this version; null: it could. */
export function unreadableState(stateDir: string): string | null {
  const { state } = estateIn(stateDir);
  const { fault } = readStateLog(readStateFile(state), bootId());
  return fault === null ? null : `${state}: ${fault}`;
}

function readState(path: string): Readonly<{ left: Left | null; news: readonly Told[] }> {
  const { left, fault } = readStateLog(readStateFile(path), bootId());
  if (fault === null) return { left, news: [] };
  const text = `${path} cannot be used${left ? " beyond what stands before" : ""}: ${fault}; it is kept as ${keepAside(path)}`;
  return { left, news: [told("warn", "state.unreadable", text)] };
}

/** Of all units that are still there. */
function invocationsOf(left: Left | null, units: readonly Unit[]): ReadonlySet<string> {
  const saved = units.flatMap(({ name }) => left?.saved.get(name) ?? []);
  return new Set(saved.flatMap(({ instances }) => instances.flatMap(runs)).map(({ invocation }) => invocation));
}

/** Those of the units' listeners that are parked, or that a process still has. */
function listenersOf(
  units: readonly Unit[],
  parcels: ReadonlyMap<string, Parcel>,
  entries: readonly Entry[],
  living: ReadonlyMap<string, readonly number[]>,
): ReadonlyMap<string, number> {
  const names = units.flatMap(({ name, sockets }) => sockets.map((socket) => `${name}.${socket.name}`));
  const found = parkedListeners(names, parcels);
  const lent = entries.flatMap(({ invocation, keeper, listeners }) => {
    const [unit = ""] = keeper.split("@");
    const pids = living.get(invocation) ?? [];
    return listeners.map(({ name, inode }) => ({ name: `${unit}.${name}`, inode, pids }));
  });
  const missing = lent.filter(({ name }) => names.includes(name) && !found.has(name));
  return new Map([...found, ...takeListeners(missing)]);
}

/** How what is left of a unit is asked to go; one without a file any more as one that says nothing about it. */
function mannersOf(units: readonly Unit[]): (keeper: string) => Manners {
  return (keeper) => {
    const { service } = units.find(({ name }) => name === keeper.split("@")[0]) ?? {};
    return { signal: service?.killSignal ?? "SIGTERM", timeoutMs: service?.timeoutStopMs ?? LEFTOVER_MS };
  };
}

function toldOf({ keeper, invocation, pids, command, killed }: Leftover): Told {
  const how = killed ? "it did not go when it was asked, and was killed" : "it was stopped";
  const text = `${keeper} was left running by a supervisor that was killed: ${command} (pid ${pids.join(", ")}); ${how}`;
  const [unit = null, instance = "1"] = keeper.split("@");
  return { ...told("warn", "service.leftover", text), unit, instance: Number(instance), invocation };
}
