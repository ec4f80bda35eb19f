import { type Fault, fail, type Outcome, ok } from "../unit/fault.ts";
import type { BindableSocket, Socket, Unit } from "../unit/unit.ts";
import type { Listener, Listeners } from "./ports.ts";

/** The listeners of all units: opened before the first child, kept while the unit exists, whatever becomes of its processes. */
export interface Sockets {
  /** Opens what is not open yet. Errors: those of `Listeners.open`, with the unit and its file. */
  ensure(unit: Unit): Outcome<readonly Listener[]>;
  of(unit: string): readonly Listener[];
  /** Puts every backlog back to what the unit says: a runtime that adopts a socket may have shrunk it. */
  assertBacklogs(unit: Unit): void;
  closeAll(): void;
}

export function createSockets(
  listeners: Listeners,
  toBind: (unit: Unit) => Outcome<readonly BindableSocket[]>,
): Sockets {
  const open = new Map<string, Map<string, Listener>>();

  const ensure = (unit: Unit): Outcome<readonly Listener[]> => {
    const mine = open.get(unit.name) ?? new Map<string, Listener>();
    open.set(unit.name, mine);
    const faults: Fault[] = [];
    const sockets = toBind(unit);
    if (!sockets.ok) return sockets;
    for (const socket of sockets.value) {
      if (mine.has(socket.name)) continue;
      const opened = listeners.open(unit.name, socket);
      if (opened.ok) mine.set(socket.name, opened.value);
      else faults.push(...opened.faults.map((fault) => place(fault, unit, socket)));
    }
    const [first, ...rest] = faults;
    return first ? fail(first, ...rest) : ok(inFileOrder(unit, mine));
  };

  return {
    ensure,
    of: (unit) => [...(open.get(unit)?.values() ?? [])],
    assertBacklogs(unit) {
      for (const socket of unit.sockets) {
        const listener = open.get(unit.name)?.get(socket.name);
        if (listener && socket.kind === "stream") listeners.assertBacklog(listener, socket.backlog);
      }
    },
    closeAll() {
      for (const mine of open.values()) for (const listener of mine.values()) listeners.close(listener);
      open.clear();
    },
  };
}

function inFileOrder(unit: Unit, mine: ReadonlyMap<string, Listener>): readonly Listener[] {
  return unit.sockets.flatMap((socket) => mine.get(socket.name) ?? []);
}

function place(fault: Fault, unit: Unit, socket: Socket): Fault {
  return { ...fault, unit: unit.name, at: { file: unit.file, key: `socket.${socket.name}.listen_${socket.kind}` } };
}
