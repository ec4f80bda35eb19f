import type { Libc } from "./libc.ts";
import { addressOf } from "./socket-address.ts";

/** Speaks on connections of the runtime's past the runtime. Peers are named by their address. */
export interface LastWord {
  /** Learns whose a descriptor is. */
  learn(fd: number): void;
  /** Sends these bytes and the end of our side; what the client sends is still read. False when that is not possible. */
  say(peer: string, bytes: Uint8Array<ArrayBuffer>): boolean;
}

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const SHUT_WR = 1;

/**
 * Why: when a client's message crosses Deno's close of a WebSocket, Deno ends the connection and the close is never sent
 * (2.9.6). Said this way it arrives, and Deno reads on until the client has closed as well.
 * Nothing of Deno's may be half sent at that moment, and what it would send afterwards goes nowhere.
 */
export function lastWord(c: Libc): LastWord {
  const fds = new Map<string, number>();
  const peers = new Map<number, string>();

  return {
    learn(fd) {
      const peer = addressOf(c, fd, "theirs");
      const before = peers.get(fd);
      if (before !== undefined && before !== peer?.text) fds.delete(before);
      if (!peer) return;
      peers.set(fd, peer.text);
      fds.set(peer.text, fd);
    },
    say(peer, bytes) {
      const fd = fds.get(peer);
      if (fd === undefined || addressOf(c, fd, "theirs")?.text !== peer) return false;
      const sentBytes = c.send(fd, bytes, BigInt(bytes.length), MSG_DONTWAIT | MSG_NOSIGNAL);
      return Number(sentBytes) === bytes.length && c.shutdown(fd, SHUT_WR) === 0;
    },
  };
}
