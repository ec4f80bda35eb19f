import { isIP } from "node:net";
import type { Address } from "../unit/unit.ts";
import { bytes, cInt, cString, fromCString, libc } from "./libc.ts";

export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
/** `sun_path` holds 108 bytes; one is for the zero at the end. */
const LONGEST_UNIX_PATH_BYTES = 107;

/** `struct sockaddr` for IPv4 and IPv6. `host` is a literal; a scope may follow an IPv6 address (`fe80::1%eth0`). */
export function tcpSockaddr(host: string, port: number): Uint8Array<ArrayBuffer> {
  return isIP(host) === 6 ? sockaddrIn6(host, port) : sockaddrIn(host, port);
}

/** `struct sockaddr_un`. A first `@` stands for the zero byte of an abstract name, which has no path in the file system. */
export function unixSockaddr(path: string): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(path);
  const abstract = path.startsWith("@");
  const out = bytes(2 + text.length + (abstract ? 0 : 1));
  new DataView(out.buffer).setUint16(0, AF_UNIX, true);
  out.set(text, 2);
  if (abstract) out[2] = 0;
  return out;
}

export function unixPathFits(path: string): boolean {
  return Buffer.byteLength(path) <= LONGEST_UNIX_PATH_BYTES;
}

/** The address a socket really has. Shape: `{ tag: "tcp", host: "127.0.0.1", port: 43211 }`; null when it is not bound to TCP. */
export function boundAddress(fd: number): Extract<Address, { tag: "tcp" }> | null {
  const out = bytes(128);
  if (libc.getsockname(fd, out, cInt(out.length)) < 0) return null;
  const view = new DataView(out.buffer);
  const family = view.getUint16(0, true);
  const port = view.getUint16(2, false);
  if (family === AF_INET) return { tag: "tcp", host: out.subarray(4, 8).join("."), port };
  if (family === AF_INET6) return { tag: "tcp", host: hostOf6(out.subarray(8, 24)), port };
  return null;
}

/** Shape: `127.0.0.1:8080`, `[::1]:8080`. */
export function tcpText(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function sockaddrIn(host: string, port: number): Uint8Array<ArrayBuffer> {
  const out = bytes(16);
  const view = new DataView(out.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port, false);
  libc.inet_pton(AF_INET, cString(host), out.subarray(4));
  return out;
}

function sockaddrIn6(host: string, port: number): Uint8Array<ArrayBuffer> {
  const [address = "", scope] = host.split("%");
  const out = bytes(28);
  const view = new DataView(out.buffer);
  view.setUint16(0, AF_INET6, true);
  view.setUint16(2, port, false);
  libc.inet_pton(AF_INET6, cString(address), out.subarray(8));
  if (scope !== undefined) view.setUint32(24, Number(scope) || libc.if_nametoindex(cString(scope)), true);
  return out;
}

function hostOf6(address: Uint8Array): string {
  const text = bytes(46);
  libc.inet_ntop(AF_INET6, address.slice(), text, text.length);
  return fromCString(text);
}
