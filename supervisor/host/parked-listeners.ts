import type { Listeners } from "../daemon/ports.ts";
import type { Parking } from "./parking.ts";

/** How a listener is called where it is parked. Shape: `listener api.http`. */
export const listenerParcel = (name: string): string => `listener ${name}`;

/** Parks every listener as long as it is open, so that its queue outlives us. */
export function createParkedListeners(listeners: Listeners, parking: Parking): Listeners {
  const parcels = new Map<number, string>();
  return {
    open(unit, socket) {
      const opened = listeners.open(unit, socket);
      if (!opened.ok) return opened;
      const parcel = listenerParcel(`${unit}.${socket.name}`);
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
      // Nobody holds its address from now on; another one that took its name is parked already.
      if (parcel !== undefined && ![...parcels.values()].includes(parcel)) parking.free(parcel, true);
    },
  };
}
