import type { InvocationId } from "../core/facts.ts";
import { formatAddress } from "../unit/address.ts";
import { type Fault, fail, type Outcome, ok } from "../unit/fault.ts";
import { isSame } from "../unit/same.ts";
import type { BindableSocket, Socket, Unit } from "../unit/unit.ts";
import type { Listener, Listeners } from "./ports.ts";

/** A listener, the socket it was opened for, and the processes of its unit that are older than it and so never got it. */
export type Held = Readonly<{ socket: BindableSocket; listener: Listener; strangers: ReadonlySet<InvocationId> }>;

/** By unit, then by name. */
export type Open = Map<string, Map<string, Held>>;

export type Holdings = Readonly<{ open: Open; retired: readonly Held[] }>;

export type Wanted = Readonly<{
  units: readonly Unit[];
  /** Units that get a listener where they have none. */
  needed: ReadonlySet<string>;
  /** The processes that a unit has. */
  runsOf: (unit: string) => ReadonlySet<InvocationId>;
  toBind: (unit: Unit) => Outcome<readonly BindableSocket[]>;
  listeners: Listeners;
}>;

/**
 * Says which listener each socket of other definitions gets: its own while that is bound as wanted, one that nobody wants any more
 * (a renamed unit keeps its queue), or a new one. What is open is not touched; `fresh` are the new ones.
 * Errors: as `Listeners.open`, for all sockets at once, and then the new ones are closed again. listener-busy, too, where a
 * unit that runs wants other options on the address it has: they belong to a socket from its bind on.
 */
export function rebind(holdings: Holdings, wanted: Wanted): Outcome<Readonly<{ open: Open; fresh: readonly Held[] }>> {
  const { units, listeners } = wanted;
  const names = new Set(units.map(({ name }) => name));
  const open: Open = new Map(
    [...holdings.open].filter(([unit]) => !names.has(unit)).map(([unit, mine]) => [unit, new Map(mine)]),
  );
  const bound = units.map((unit) => ({ unit, sockets: socketsOf(unit, wanted) }));
  const faults: Fault[] = [];
  for (const { unit, sockets } of bound) {
    if (!sockets.ok) faults.push(...sockets.faults);
    else open.set(unit.name, kept(holdings.open.get(unit.name), sockets.value));
  }
  const fresh: Held[] = [];
  const spare = spareOf(holdings, open, names);
  for (const { unit, sockets } of bound) {
    for (const socket of sockets.ok ? sockets.value : []) {
      const mine = open.get(unit.name);
      if (!mine || mine.has(socket.name)) continue;
      const held = holdings.open.get(unit.name)?.get(socket.name);
      const found = find({ unit, socket, held, spare }, wanted);
      if (!found.ok) faults.push(...found.faults);
      else if (found.value) {
        mine.set(socket.name, found.value.held);
        if (found.value.isFresh) fresh.push(found.value.held);
      }
    }
  }
  const [first, ...rest] = faults;
  if (!first) return ok({ open: withoutMoved(open, names), fresh });
  const before = new Set(allOf(holdings).map(({ listener }) => listener.fd));
  for (const { listener } of fresh) if (!before.has(listener.fd)) listeners.close(listener);
  return fail(first, ...rest);
}

/** A unit that needs none and whose placeholders cannot be filled in is none of our business now. */
function socketsOf(unit: Unit, { needed, toBind }: Wanted): Outcome<readonly BindableSocket[]> {
  const sockets = toBind(unit);
  return sockets.ok || needed.has(unit.name) ? sockets : ok([]);
}

/** Those that are bound as wanted, with what has changed that a bind does not know. */
function kept(mine: ReadonlyMap<string, Held> | undefined, sockets: readonly BindableSocket[]): Map<string, Held> {
  return new Map(
    sockets.flatMap((socket) => {
      const held = mine?.get(socket.name);
      return held && isSameBinding(held.socket, socket) ? [[socket.name, { ...held, socket }]] : [];
    }),
  );
}

const allOf = ({ open, retired }: Holdings): readonly Held[] => [
  ...[...open.values()].flatMap((mine) => [...mine.values()]),
  ...retired,
];

/** What is open and has no socket among the new definitions. */
function spareOf(holdings: Holdings, open: Open, names: ReadonlySet<string>): Held[] {
  const taken = [...open].filter(([unit]) => names.has(unit)).flatMap(([, mine]) => [...mine.values()]);
  const fds = new Set(taken.map(({ listener }) => listener.fd));
  return allOf(holdings).filter(({ listener }) => !fds.has(listener.fd));
}

type Sought = Readonly<{ unit: Unit; socket: BindableSocket; held: Held | undefined; spare: Held[] }>;

/** Null: none is needed before the unit is started. */
function find(
  { unit, socket, held, spare }: Sought,
  { needed, runsOf, listeners }: Wanted,
): Outcome<Readonly<{ held: Held; isFresh: boolean }> | null> {
  if (!held && !needed.has(unit.name)) return ok(null);
  const at = spare.findIndex((one) => isSameBinding(one.socket, socket));
  const [moved] = at < 0 ? [] : spare.splice(at, 1);
  const strangers = runsOf(unit.name);
  if (moved)
    return ok({ held: { socket, listener: { ...moved.listener, name: socket.name }, strangers }, isFresh: false });
  const isInItsOwnWay =
    held !== undefined && held.socket.kind === socket.kind && isSame(held.socket.address, socket.address);
  if (isInItsOwnWay && strangers.size > 0) return fail(inItsOwnWay(unit, socket));
  // It is closed with this change, and opened anew when the unit is started.
  if (isInItsOwnWay) return ok(null);
  const opened = listeners.open(unit.name, socket);
  if (opened.ok) return ok({ held: { socket, listener: opened.value, strangers }, isFresh: true });
  const [first, ...rest] = opened.faults;
  return fail(placed(first, unit, socket), ...rest.map((fault) => placed(fault, unit, socket)));
}

/** What left its unit for another is that other's alone. */
function withoutMoved(open: Open, names: ReadonlySet<string>): Open {
  const taken = [...open].filter(([unit]) => names.has(unit)).flatMap(([, mine]) => [...mine.values()]);
  const fds = new Set(taken.map(({ listener }) => listener.fd));
  for (const [unit, mine] of open) {
    if (names.has(unit)) continue;
    for (const [name, { listener }] of mine) if (fds.has(listener.fd)) mine.delete(name);
  }
  return open;
}

/** A name is for the service and a backlog can be changed; all the rest belongs to a socket from its bind on. */
function isSameBinding(a: BindableSocket, b: BindableSocket): boolean {
  return isSame({ ...a, name: "", backlog: 0 }, { ...b, name: "", backlog: 0 });
}

function inItsOwnWay(unit: Unit, socket: BindableSocket): Fault {
  const address = formatAddress(socket.address);
  const message = `its listener on ${address} is open and keeps its options; stop ${unit.name} first, or choose another address`;
  return placed({ code: "listener-busy", message, retry: "later" }, unit, socket);
}

/** Says of which unit and key a listener's fault is. */
export function placed(fault: Fault, unit: Unit, socket: Socket): Fault {
  const at = { file: unit.file, key: `socket.${socket.name}.listen_${socket.kind}` };
  return { ...fault, unit: unit.name, at };
}
