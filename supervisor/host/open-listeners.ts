import type { Listener, Listeners } from "../daemon/ports.ts";

/** The listeners, and which of them are open now. */
export type OpenListeners = Listeners &
  Readonly<{
    of(unit: string): readonly Listener[];
    /** Shape: `web`; null: the socket is none of ours. */
    unitOf(inode: number): string | null;
  }>;

/** Keeps account of what is opened and closed through it. */
export function createOpenListeners(listeners: Listeners): OpenListeners {
  const open: Readonly<{ unit: string; listener: Listener }>[] = [];
  return {
    open(unit, socket) {
      const opened = listeners.open(unit, socket);
      if (opened.ok) open.push({ unit, listener: opened.value });
      return opened;
    },
    assertBacklog: (listener, backlog) => listeners.assertBacklog(listener, backlog),
    mend: (listener, backlog) => listeners.mend(listener, backlog),
    close(listener) {
      const at = open.findIndex((one) => one.listener.inode === listener.inode);
      if (at >= 0) open.splice(at, 1);
      listeners.close(listener);
    },
    of: (unit) => open.flatMap((one) => (one.unit === unit ? [one.listener] : [])),
    unitOf: (inode) => open.find((one) => one.listener.inode === inode)?.unit ?? null,
  };
}
