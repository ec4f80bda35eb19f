import type { Listeners } from "../daemon/ports.ts";
import { libc } from "./libc.ts";
import type { Parcel, Parking } from "./parking.ts";

/** How a listener is called where it is parked: after a reload the one before may still be there. Shape: `listener api.http 4711`. */
const parcelName = (name: string, inode: number): string => `listener ${name} ${inode}`;

/** Those that are parked, by the names that were asked for; of two that had one name, the last. The others are closed. */
export function parkedListeners(
  names: readonly string[],
  parcels: ReadonlyMap<string, Parcel>,
): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const [parcel, { fds }] of parcels) {
    const name = /^listener (.+) \d+$/.exec(parcel)?.[1];
    const [fd] = fds;
    if (name === undefined || fd === undefined) continue;
    const former = names.includes(name) ? found.get(name) : fd;
    if (former !== undefined) libc.close(former);
    if (former !== fd) found.set(name, fd);
  }
  return found;
}

/** Parks every listener as long as it is open, so that its queue outlives us. */
export function createParkedListeners(listeners: Listeners, parking: Parking): Listeners {
  const parcels = new Map<number, string>();
  return {
    open(unit, socket) {
      const opened = listeners.open(unit, socket);
      if (!opened.ok) return opened;
      const parcel = parcelName(`${unit}.${socket.name}`, opened.value.inode);
      parcels.set(opened.value.fd, parcel);
      parking.park(parcel, [opened.value.fd]);
      return opened;
    },
    assertBacklog: (listener, backlog) => listeners.assertBacklog(listener, backlog),
    mend: (listener, backlog) => listeners.mend(listener, backlog),
    close(listener) {
      const parcel = parcels.get(listener.fd);
      parcels.delete(listener.fd);
      listeners.close(listener);
      // Nobody holds its address from now on.
      if (parcel !== undefined) parking.free(parcel, true);
    },
  };
}
