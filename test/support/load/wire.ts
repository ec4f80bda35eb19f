import { dlopen, ptr, read } from "bun:ffi";
import { isIPv6 } from "node:net";

/**
 * The load's sockets, straight from libc: one epoll, no callbacks and no streams, so that the client takes little of the
 * machine that it measures, and so that every end of a connection is seen as the kernel tells it. On Bun.
 */

const c = dlopen("libc.so.6", {
  __errno_location: { args: [], returns: "ptr" },
  close: { args: ["i32"], returns: "i32" },
  connect: { args: ["i32", "ptr", "i32"], returns: "i32" },
  epoll_create1: { args: ["i32"], returns: "i32" },
  epoll_ctl: { args: ["i32", "i32", "i32", "ptr"], returns: "i32" },
  epoll_wait: { args: ["i32", "ptr", "i32", "i32"], returns: "i32" },
  getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
  read: { args: ["i32", "ptr", "u64"], returns: "i32" },
  recv: { args: ["i32", "ptr", "u64", "i32"], returns: "i32" },
  send: { args: ["i32", "ptr", "u64", "i32"], returns: "i32" },
  setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
}).symbols;

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const STREAM_NONBLOCK_CLOEXEC = 0o2004001;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const MSG_NOSIGNAL = 0x4000;
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 0x1;
const EPOLLOUT = 0x4;
const EPOLLERR = 0x8;
const EPOLLHUP = 0x10;
const EPOLLRDHUP = 0x2000;
const EPOLLET = 0x80000000;
const OVER = EPOLLERR | EPOLLHUP | EPOLLRDHUP;
const EVENTS = 1024;
const EVENT_BYTES = process.arch === "x64" ? 12 : 16;
const DATA_AT = EVENT_BYTES - 8;

export const EAGAIN = 11;
export const ENOENT = 2;
export const ECONNRESET = 104;
export const ECONNREFUSED = 111;
const EADDRNOTAVAIL = 99;

/** The errors that connect(2) gives at once; any other says that it goes on. */
const AT_ONCE: readonly number[] = [EAGAIN, ENOENT, ECONNRESET, ECONNREFUSED, EADDRNOTAVAIL];

const errnoAt = c.__errno_location();
const epollFd = c.epoll_create1(0);
const ready = Buffer.alloc(EVENTS * EVENT_BYTES);
const one = Buffer.alloc(EVENT_BYTES);
const number = Buffer.alloc(4);
const length = Buffer.alloc(4);
const outgoing = Buffer.alloc(4096);

/** Where `receive` puts what came; it holds until the next call. */
export const incoming = Buffer.alloc(1 << 16);

/** Where connections go, in the kernel's form. Shape: `127.0.0.1:8080`, `[::1]:8080` or `/run/api.sock`. */
export type Target = Readonly<{ family: number; address: Buffer }>;

export function targetOf(address: string): Target {
  if (address.startsWith("/")) {
    const bytes = Buffer.from(`\0\0${address}\0`);
    bytes.writeUInt16LE(AF_UNIX);
    return { family: AF_UNIX, address: bytes };
  }
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon).replace(/^\[|\]$/g, "");
  const isV6 = isIPv6(host);
  const bytes = Buffer.alloc(isV6 ? 28 : 16);
  bytes.writeUInt16LE(isV6 ? AF_INET6 : AF_INET);
  bytes.writeUInt16BE(Number(address.slice(colon + 1)), 2);
  bytes.set(isV6 ? v6Bytes(host) : host.split(".").map(Number), isV6 ? 8 : 4);
  return { family: isV6 ? AF_INET6 : AF_INET, address: bytes };
}

function v6Bytes(host: string): readonly number[] {
  const [head = "", tail] = host.split("::");
  const groups = (text: string) => text.split(":").filter(Boolean);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array<string>(8 - groups(head).length - after.length).fill("0");
  return [...groups(head), ...zeros, ...after].flatMap((group) => {
    const word = Number.parseInt(group, 16);
    return [word >> 8, word & 255];
  });
}

/** Begins to connect, and watches. Shape: a descriptor, or minus the errno with which it failed at once. */
export function dial({ family, address }: Target, limit: number): number {
  const fd = c.socket(family, STREAM_NONBLOCK_CLOEXEC, 0);
  if (fd < 0 || fd >= limit) throw new Error(`no descriptor for a connection: ${fd}`);
  if (family !== AF_UNIX) {
    number.writeInt32LE(1);
    c.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, ptr(number), 4);
  }
  if (c.connect(fd, ptr(address), address.length) !== 0) {
    const errno = read.i32(errnoAt as never, 0);
    if (AT_ONCE.includes(errno)) {
      c.close(fd);
      return -errno;
    }
  }
  watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  return fd;
}

/** Watches a descriptor: each time that something comes, and its end. */
export function watch(fd: number, events = EPOLLIN | EPOLLRDHUP | EPOLLET): void {
  one.writeInt32LE(events | 0, 0);
  one.writeInt32LE(fd, DATA_AT);
  if (c.epoll_ctl(epollFd, EPOLL_CTL_ADD, fd, ptr(one)) !== 0) throw new Error(`descriptor ${fd} cannot be watched`);
}

/** Waits for something to happen, and tells it. `over`: the other side has ended or broken the connection, see `errorOf`. */
export function wait(limitMs: number, happened: (fd: number, over: boolean) => void): void {
  const count = c.epoll_wait(epollFd, ptr(ready), EVENTS, limitMs);
  for (let at = 0; at < count * EVENT_BYTES; at += EVENT_BYTES) {
    happened(ready.readInt32LE(at + DATA_AT), (ready.readInt32LE(at) & OVER) !== 0);
  }
}

/** Reads into `incoming`. Shape: bytes, 0 at the end, or minus the errno. */
export function receive(fd: number): number {
  const got = c.recv(fd, ptr(incoming), incoming.length, 0);
  return got >= 0 ? got : -read.i32(errnoAt as never, 0);
}

/** Reads a word from a pipe or socket that is watched. Shape: `""` at its end. */
export function word(fd: number): string {
  const got = c.read(fd, ptr(incoming), incoming.length);
  return incoming.toString("latin1", 0, Math.max(0, got)).trim();
}

/** Sends a text of Latin-1. Shape: whether it was taken; the rest is told by `receive`. */
export function send(fd: number, text: string): boolean {
  const size = outgoing.write(text, "latin1");
  return c.send(fd, ptr(outgoing), size, MSG_NOSIGNAL) === size;
}

/** Takes the error that a connection came to; 0 when there is none. */
export function errorOf(fd: number): number {
  length.writeInt32LE(4);
  return c.getsockopt(fd, SOL_SOCKET, SO_ERROR, ptr(number), ptr(length)) === 0 ? number.readInt32LE() : 0;
}

export function close(fd: number): void {
  c.close(fd);
}
