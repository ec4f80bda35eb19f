import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Libc } from "./libc.ts";
import { addressOf, portOf, type SocketAddress } from "./socket-address.ts";

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

/** How long connections are looked at before requests have their turn, and theirs. Units: milliseconds. */
const SLICE_MS = 0.25;
const PAUSE_MS = 1;

/**
 * Gives the open connections that came in through the listener at `local`, each as it is when it is asked for.
 * Why ask the kernel: it knows already, so that serving costs nothing for the sake of a drain.
 * Cost: two calls per descriptor, 1 to 2 µs together.
 */
export function* connectionsAt(c: Libc, local: SocketAddress): Generator<Connection> {
  const most = tableSize();
  for (let fd = 0; fd < most; fd += 1) {
    const state =
      local.port === null ? stateAt(c, fd, local.text) : portOf(c, fd) === local.port ? tcpState(c, fd) : null;
    if (state) yield { fd, ...state };
  }
}

/** Calls `visit` for each, in slices: thousands of connections hold up no request. */
export async function visitConnections(c: Libc, local: SocketAddress, visit: (one: Connection) => void): Promise<void> {
  let untilMs = performance.now() + SLICE_MS;
  for (const one of connectionsAt(c, local)) {
    visit(one);
    if (performance.now() < untilMs) continue;
    await sleep(PAUSE_MS);
    untilMs = performance.now() + SLICE_MS;
  }
}

/** How many descriptors this process has room for now. Why not the list of /proc/self/fd: that costs more than asking of each. */
function tableSize(): number {
  return Number(/^FDSize:\s*(\d+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? 0);
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
  return readTcpInfo(c, fd) ? info.getUint32(SACKED, true) : null;
}

/** How many connections wait in a TCP listener's queue; 0 where the kernel does not say (unix). */
export function waitingAt(c: Libc, fd: number): number {
  return readTcpInfo(c, fd) ? info.getUint32(UNACKED, true) : 0;
}

const UNKNOWN = { quietMs: Number.POSITIVE_INFINITY, isLeaving: false } as const;

/** A connection of a unix socket; null when it is none at that path, and for the listener itself. */
function stateAt(c: Libc, fd: number, path: string): Omit<Connection, "fd"> | null {
  return addressOf(c, fd)?.text === path && !isListening(c, fd) ? UNKNOWN : null;
}

/**
 * Null when the connection is over, and for the listener itself. Whose it is tells its port alone: a listener at every address
 * hands out connections with the address that was dialled.
 */
function tcpState(c: Libc, fd: number): Omit<Connection, "fd"> | null {
  if (!readTcpInfo(c, fd)) return null;
  const state = info.getUint8(STATE);
  const sentMs = info.getUint32(LAST_DATA_SENT, true);
  if (LEAVING.includes(state) && sentMs < LEAVE_MS) return { quietMs: Number.POSITIVE_INFINITY, isLeaving: true };
  if (!OPEN.includes(state)) return null;
  const isSending = info.getUint32(UNACKED, true) > 0 || info.getUint32(NOTSENT_BYTES, true) > 0;
  return { quietMs: isSending ? 0 : Math.min(sentMs, info.getUint32(LAST_DATA_RECV, true)), isLeaving: false };
}

const infoBytes = new Uint8Array(TCP_INFO_BYTES);
const info = new DataView(infoBytes.buffer);
const infoLength = new Uint8Array(4);
const infoLengthView = new DataView(infoLength.buffer);

/** Fills `info`. */
function readTcpInfo(c: Libc, fd: number): boolean {
  infoLengthView.setUint32(0, TCP_INFO_BYTES, true);
  return c.getsockopt(fd, IPPROTO_TCP, TCP_INFO, infoBytes, infoLength) === 0;
}

function lengthOf(sizeBytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new Uint32Array([sizeBytes]).buffer);
}
