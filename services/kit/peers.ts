import type { Libc } from "./libc.ts";
import { addressOf, portOf, type SocketAddress } from "./socket-address.ts";

/** Clients, by their addresses. */
export interface Peers {
  readonly size: number;
  /** One without a port, as on a unix socket, could not be told from others, and is not added. */
  add(peer: SocketAddress): void;
  /** Whether the client at the other end of a connection is one of them. Cost: one call, unless one of them has its port. */
  has(c: Libc, fd: number): boolean;
  /** Takes that one out; false when it was none of them. */
  take(c: Libc, fd: number): boolean;
}

/** Makes an empty set. Why not one of texts: making a text costs ten times the call, and it is asked of thousands of connections. */
export function createPeers(): Peers {
  const byPort = new Map<number, Set<string>>();

  const textsAt = (c: Libc, fd: number) => byPort.get(portOf(c, fd, "theirs") ?? -1);
  const textOf = (c: Libc, fd: number) => addressOf(c, fd, "theirs")?.text ?? "";

  return {
    get size() {
      return byPort.size;
    },
    add({ text, port }) {
      if (port === null) return;
      const there = byPort.get(port);
      if (there) there.add(text);
      else byPort.set(port, new Set([text]));
    },
    has: (c, fd) => textsAt(c, fd)?.has(textOf(c, fd)) ?? false,
    take(c, fd) {
      const texts = textsAt(c, fd);
      if (!texts?.delete(textOf(c, fd))) return false;
      if (texts.size === 0) byPort.delete(portOf(c, fd, "theirs") ?? -1);
      return true;
    },
  };
}
