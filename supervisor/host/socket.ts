import type { BindableSocket } from "../unit/unit.ts";
import { bytes, cInt, errno, libc } from "./libc.ts";
import { AF_INET6, AF_UNIX } from "./sockaddr.ts";

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const SOL_IP = 0;
const SOL_SOCKET = 1;
const IPPROTO_TCP = 6;
const SOL_IPV6 = 41;
const SO_REUSEADDR = 2;
const SO_KEEPALIVE = 9;
const SO_REUSEPORT = 15;
const SO_PEERCRED = 17;
const IP_FREEBIND = 15;
const IPV6_V6ONLY = 26;
const IPV6_FREEBIND = 78;
const TCP_NODELAY = 1;
const TCP_DEFER_ACCEPT = 9;
const ENOENT = 2;
const EPROTOTYPE = 91;
const ECONNREFUSED = 111;

/** A descriptor, or the errno that was in the way. */
export type Made = Readonly<{ ok: true; fd: number } | { ok: false; errno: number }>;

/**
 * Makes a socket with the unit's options, non-blocking and close-on-exec, not bound yet.
 * Why non-blocking at once: the flag belongs to the socket that all generations share; one blocking accept would hang a whole event loop.
 */
export function makeSocket(socket: BindableSocket, family: number): Made {
  const type = socket.kind === "stream" ? SOCK_STREAM : SOCK_DGRAM;
  const fd = libc.socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return { ok: false, errno: errno() };
  for (const [level, option, value] of optionsOf(socket, family)) {
    if (libc.setsockopt(fd, level, option, cInt(value), 4) < 0) return abandon(fd);
  }
  return { ok: true, fd };
}

export function bindSocket(fd: number, sockaddr: Uint8Array): Made {
  return libc.bind(fd, sockaddr, sockaddr.length) < 0 ? abandon(fd) : { ok: true, fd };
}

/** A datagram socket does not listen; it is ready when it is bound. */
export function listenOn(fd: number, socket: BindableSocket): Made {
  if (socket.kind === "datagram") return { ok: true, fd };
  return libc.listen(fd, socket.backlog) < 0 ? abandon(fd) : { ok: true, fd };
}

/**
 * Who answers at a unix path or abstract name: the process id, 0 when it cannot be told, null when nobody does.
 * A refused connection means that the path was left behind.
 */
export function whoAnswers(sockaddr: Uint8Array): number | null {
  for (const type of [SOCK_STREAM, SOCK_DGRAM]) {
    const fd = libc.socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const code = libc.connect(fd, sockaddr, sockaddr.length) < 0 ? errno() : 0;
    const pid = code === 0 ? peerPid(fd) : 0;
    libc.close(fd);
    // EPROTOTYPE: alive, but of the other kind.
    if (code !== EPROTOTYPE) return code === ECONNREFUSED || code === ENOENT ? null : pid;
  }
  return 0;
}

/** The process that called listen(2) on the other side. */
function peerPid(fd: number): number {
  const credentials = bytes(12);
  if (libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, cInt(credentials.length)) < 0) return 0;
  return Math.max(0, new DataView(credentials.buffer).getInt32(0, true));
}

type Option = readonly [level: number, option: number, value: number];

function optionsOf(socket: BindableSocket, family: number): readonly Option[] {
  if (family === AF_UNIX) return [];
  const stream = socket.kind === "stream";
  // For datagrams the same option would let a second process take the port over.
  const options: Option[] = stream ? [[SOL_SOCKET, SO_REUSEADDR, 1]] : [];
  if (socket.reusePort) options.push([SOL_SOCKET, SO_REUSEPORT, 1]);
  if (socket.freeBind) options.push(family === AF_INET6 ? [SOL_IPV6, IPV6_FREEBIND, 1] : [SOL_IP, IP_FREEBIND, 1]);
  if (stream && socket.noDelay) options.push([IPPROTO_TCP, TCP_NODELAY, 1]);
  if (stream && socket.keepAlive) options.push([SOL_SOCKET, SO_KEEPALIVE, 1]);
  if (stream && socket.deferAcceptMs > 0) {
    options.push([IPPROTO_TCP, TCP_DEFER_ACCEPT, Math.ceil(socket.deferAcceptMs / 1000)]);
  }
  if (family === AF_INET6 && socket.bindIpv6Only !== "default") {
    options.push([SOL_IPV6, IPV6_V6ONLY, socket.bindIpv6Only === "ipv6-only" ? 1 : 0]);
  }
  return options;
}

function abandon(fd: number): Made {
  const code = errno();
  libc.close(fd);
  return { ok: false, errno: code };
}
