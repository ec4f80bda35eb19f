import { readdirSync } from "node:fs";
import type { Libc } from "./libc.ts";
import { addressOf, type SocketAddress } from "./socket-address.ts";

/** An accepted connection as the kernel sees it. */
export type Connection = Readonly<{
  fd: number;
  /** Since data last moved in either direction. Zero while data waits to be sent; Infinity where the kernel does not say (unix). */
  quietMs: number;
  /** Our last word is said and the client's is not: whoever goes now answers what the client still sends with a reset. */
  isLeaving: boolean;
}>;

const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_ACCEPTCONN = 30;
const SOCK_STREAM = 1;
const IPPROTO_TCP = 6;
const TCP_INFO = 11;

/** Offsets into struct tcp_info. Source: linux/tcp.h. */
const STATE = 0;
const UNACKED = 24;
const SACKED = 28;
const LAST_DATA_SENT = 44;
const LAST_DATA_RECV = 52;
const NOTSENT_BYTES = 144;
const TCP_INFO_BYTES = 160;

/** The states in which our end can still be written to; in the others we have said our last word. */
const OPEN = [1, 8]; // ESTABLISHED, CLOSE_WAIT

/** The states in which the client's end is still open. */
const LEAVING = [4, 5]; // FIN_WAIT1, FIN_WAIT2

/** How long a client that was told may take to close its end. */
const LEAVE_MS = 2_000;

/**
 * Lists the open connections that came in through the listener at `local`.
 * Why ask the kernel: it knows already, so that serving costs nothing for the sake of a drain.
 * Cost: two calls per open descriptor, about 1 µs each.
 */
export function connectionsAt(c: Libc, local: SocketAddress): readonly Connection[] {
  const found: Connection[] = [];
  for (const name of readdirSync("/proc/self/fd")) {
    const fd = Number(name);
    const address = addressOf(c, fd);
    if (!address || !isSame(address, local) || isListening(c, fd)) continue;
    const state = local.port === null ? UNKNOWN : stateOf(c, fd);
    if (state) found.push({ fd, ...state });
  }
  return found;
}

/** Lists the descriptors of this process that listen, in the order of their numbers. */
export function listeningFds(c: Libc): readonly number[] {
  const fds = readdirSync("/proc/self/fd").map(Number);
  return fds.filter((fd) => isListening(c, fd)).sort((a, b) => a - b);
}

export function isListening(c: Libc, fd: number): boolean {
  const value = new Uint8Array(4);
  return c.getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, value, lengthOf(4)) === 0 && value[0] === 1;
}

/** Says why a descriptor cannot be served on; null when it can. Source: sd_is_socket(3), which a receiver is to ask. */
export function faultOfListener(c: Libc, fd: number): string | null {
  if (!isListening(c, fd)) return "is not a listening socket";
  const type = new Uint8Array(4);
  const isStream = c.getsockopt(fd, SOL_SOCKET, SO_TYPE, type, lengthOf(4)) === 0 && type[0] === SOCK_STREAM;
  return isStream ? null : "is not a stream socket";
}

/** How many connections may wait in a TCP listener's queue; null where the kernel does not say (unix). */
export function backlogOf(c: Libc, fd: number): number | null {
  return tcpInfo(c, fd)?.getUint32(SACKED, true) ?? null;
}

/** By port alone: a listener at every address hands out connections with the address that was dialled. */
function isSame(address: SocketAddress, local: SocketAddress): boolean {
  return local.port === null ? address.text === local.text : address.port === local.port;
}

const UNKNOWN = { quietMs: Number.POSITIVE_INFINITY, isLeaving: false } as const;

/** Null when the connection is over. */
function stateOf(c: Libc, fd: number): Omit<Connection, "fd"> | null {
  const info = tcpInfo(c, fd);
  if (!info) return null;
  const state = info.getUint8(STATE);
  const sentMs = info.getUint32(LAST_DATA_SENT, true);
  if (LEAVING.includes(state) && sentMs < LEAVE_MS) return { quietMs: Number.POSITIVE_INFINITY, isLeaving: true };
  if (!OPEN.includes(state)) return null;
  const isSending = info.getUint32(UNACKED, true) > 0 || info.getUint32(NOTSENT_BYTES, true) > 0;
  return { quietMs: isSending ? 0 : Math.min(sentMs, info.getUint32(LAST_DATA_RECV, true)), isLeaving: false };
}

function tcpInfo(c: Libc, fd: number): DataView | null {
  const value = new Uint8Array(TCP_INFO_BYTES);
  return c.getsockopt(fd, IPPROTO_TCP, TCP_INFO, value, lengthOf(TCP_INFO_BYTES)) === 0
    ? new DataView(value.buffer)
    : null;
}

function lengthOf(sizeBytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new Uint32Array([sizeBytes]).buffer);
}
