import type { End } from "../health/acceptor.ts";
import { bytes, libc } from "./libc.ts";
import { tcpSockaddr } from "./sockaddr.ts";

const AF_NETLINK = 16;
const AF_UNIX = 1;
const AF_INET = 2;
const SOCK_RAW_NONBLOCK_CLOEXEC = 3 | 0o4000 | 0o2000000;
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const IPPROTO_TCP = 6;
const NLM_F_REQUEST = 1;
const NLM_F_DUMP = 0x300;
const NLMSG_DONE = 3;
const HEADER_BYTES = 16;
const ANSWER_BYTES = 64 * 1024;
/** A dump of more sockets than fit into so many answers is left unread: some 200 000. */
const MOST_ANSWERS = 1000;
const UDIAG_SHOW_NAME_PEER_ICONS = 1 | 4 | 8;
const UNIX_DIAG_NAME = 0;
const UNIX_DIAG_PEER = 2;
const UNIX_DIAG_ICONS = 3;

/** Units: `state` is the kernel's number, 10 for a listening one. `inode` is 0 as long as nobody has accepted it. */
export type TcpSocket = Readonly<{ state: number; inode: number }>;

/**
 * Asks the kernel for the one TCP socket that has these two ends. Null: there is none, or the kernel does not tell.
 * Source: sock_diag(7), `struct inet_diag_req_v2`. Why not /proc/net/tcp: that lists every connection of the machine.
 */
export function tcpSocketBetween(local: End, remote: End): TcpSocket | null {
  const [from, to] = [tcpSockaddr(local.host, local.port), tcpSockaddr(remote.host, remote.port)];
  const body = bytes(56);
  const view = new DataView(body.buffer);
  const family = new DataView(from.buffer).getUint16(0, true);
  const [at, size] = family === AF_INET ? [4, 4] : [8, 16];
  view.setUint8(0, family);
  view.setUint8(1, IPPROTO_TCP);
  view.setUint32(4, 0xffff_ffff, true);
  body.set(from.subarray(2, 4), 8);
  body.set(to.subarray(2, 4), 10);
  body.set(from.subarray(at, at + size), 12);
  body.set(to.subarray(at, at + size), 28);
  // Any interface, and no cookie, which is all ones.
  body.fill(0xff, 48, 56);
  const [found] = ask(body, 0);
  if (found === undefined) return null;
  return { state: found.getUint8(1), inode: found.getUint32(68, true) };
}

/** `waiting`: the inodes of those who have connected and are not accepted yet; only a listening one has them. */
export type UnixSocket = Readonly<{ inode: number; name: string; peer: number; waiting: readonly number[] }>;

/** Every stream socket in this network namespace that is bound, or was accepted from a bound one. Source: sock_diag(7), `struct unix_diag_req`. */
export function boundUnixSockets(): readonly UnixSocket[] {
  const body = bytes(24);
  const view = new DataView(body.buffer);
  view.setUint8(0, AF_UNIX);
  view.setUint32(4, 0xffff_ffff, true);
  view.setUint32(12, UDIAG_SHOW_NAME_PEER_ICONS, true);
  body.fill(0xff, 16, 24);
  return ask(body, NLM_F_DUMP).flatMap((message): UnixSocket[] => {
    const found = attributes(message, 16);
    const name = new TextDecoder().decode(found.get(UNIX_DIAG_NAME) ?? bytes(0)).replace(/\0+$/, "");
    if (name === "") return [];
    const [peer = 0] = numbers(found.get(UNIX_DIAG_PEER));
    return [{ inode: message.getUint32(4, true), name, peer, waiting: numbers(found.get(UNIX_DIAG_ICONS)) }];
  });
}

/** Sends one request and gives the bodies of what comes back; none when the kernel refuses. It answers before it returns. */
function ask(body: Uint8Array, flags: number): readonly DataView[] {
  const fd = libc.socket(AF_NETLINK, SOCK_RAW_NONBLOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (fd < 0) return [];
  const request = bytes(HEADER_BYTES + body.length);
  const view = new DataView(request.buffer);
  view.setUint32(0, request.length, true);
  view.setUint16(4, SOCK_DIAG_BY_FAMILY, true);
  view.setUint16(6, NLM_F_REQUEST | flags, true);
  request.set(body, HEADER_BYTES);
  const found: DataView[] = [];
  if (libc.send(fd, request, request.length, 0) === request.length) {
    for (let count = 0; count < MOST_ANSWERS && readAnswer(fd, found) && flags !== 0; count++);
  }
  libc.close(fd);
  return found;
}

/** False when there is nothing more to read. */
function readAnswer(fd: number, found: DataView[]): boolean {
  const answer = bytes(ANSWER_BYTES);
  const size = libc.read(fd, answer, answer.length);
  const view = new DataView(answer.buffer);
  for (let at = 0; at + HEADER_BYTES <= size; ) {
    const length = view.getUint32(at, true);
    const type = view.getUint16(at + 4, true);
    if (type === NLMSG_DONE || length < HEADER_BYTES || at + length > size) return false;
    if (type === SOCK_DIAG_BY_FAMILY) {
      found.push(new DataView(answer.buffer, at + HEADER_BYTES, length - HEADER_BYTES));
    }
    at += (length + 3) & ~3;
  }
  return size > 0;
}

function attributes(message: DataView, from: number): ReadonlyMap<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  for (let at = from; at + 4 <= message.byteLength; ) {
    const length = message.getUint16(at, true);
    if (length < 4 || at + length > message.byteLength) break;
    found.set(message.getUint16(at + 2, true), new Uint8Array(message.buffer, message.byteOffset + at + 4, length - 4));
    at += (length + 3) & ~3;
  }
  return found;
}

function numbers(data: Uint8Array | undefined): readonly number[] {
  if (!data) return [];
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Array.from({ length: data.byteLength >> 2 }, (_, index) => view.getUint32(index * 4, true));
}
