import type { Libc } from "./libc.ts";

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const MAX_ADDRESS_BYTES = 128;
const MAX_UNIX_PATH_BYTES = 107;

/** One end of a socket. Shape: `{ text: "127.0.0.1:8080", port: 8080 }`, `{ text: "[::1]:80", port: 80 }`, `{ text: "/run/x.sock", port: null }`. */
export type SocketAddress = Readonly<{ text: string; port: number | null }>;

/** Names the end of a socket that is ours, or the other end; null when `fd` is no socket or has no such end. */
export function addressOf(c: Libc, fd: number, end: "ours" | "theirs" = "ours"): SocketAddress | null {
  const bytes = sockaddrOf(c, fd, end);
  return bytes && parse(bytes);
}

/** The kernel's own form of that address; null as for `addressOf`. */
export function sockaddrOf(c: Libc, fd: number, end: "ours" | "theirs" = "ours"): Uint8Array<ArrayBuffer> | null {
  const bytes = new Uint8Array(MAX_ADDRESS_BYTES);
  const length = new Uint8Array(new Uint32Array([MAX_ADDRESS_BYTES]).buffer);
  const result = end === "ours" ? c.getsockname(fd, bytes, length) : c.getpeername(fd, bytes, length);
  if (result !== 0) return null;
  return bytes.slice(0, Math.min(MAX_ADDRESS_BYTES, new DataView(length.buffer).getUint32(0, true)));
}

const scratch = new Uint8Array(MAX_ADDRESS_BYTES);
const scratchView = new DataView(scratch.buffer);
const scratchLength = new Uint8Array(4);
const scratchLengthView = new DataView(scratchLength.buffer);

/**
 * The port of our end, or of the other; null when `fd` is no TCP socket, or has no such end.
 * Why beside `addressOf`: it is asked of every descriptor there is, and makes nothing new.
 */
export function portOf(c: Libc, fd: number, end: "ours" | "theirs" = "ours"): number | null {
  scratchLengthView.setUint32(0, MAX_ADDRESS_BYTES, true);
  const call = end === "ours" ? c.getsockname : c.getpeername;
  if (call(fd, scratch, scratchLength) !== 0) return null;
  const family = scratchView.getUint16(0, true);
  return family === AF_INET || family === AF_INET6 ? scratchView.getUint16(2) : null;
}

/** Writes a host and port as `addressOf` does, so that the two can be compared. Shape: `("::ffff:10.0.0.1", 80)` → `[::ffff:a00:1]:80`. */
export function addressText(host: string, port: number): string {
  return host.includes(":") ? `${new URL(`http://[${host}]`).hostname}:${port}` : `${host}:${port}`;
}

/** Gives the kernel's form of a unix address, a path or an abstract `@name`; null when it is too long. */
export function socketAddress(name: string): Uint8Array<ArrayBuffer> | null {
  const abstract = name.startsWith("@");
  const path = new TextEncoder().encode(abstract ? `\0${name.slice(1)}` : name);
  if (path.length > MAX_UNIX_PATH_BYTES) return null;
  // The length of an abstract name is exact; a path ends with a NUL.
  const bytes = new Uint8Array(2 + path.length + (abstract ? 0 : 1));
  new DataView(bytes.buffer).setUint16(0, AF_UNIX, true);
  bytes.set(path, 2);
  return bytes;
}

function parse(bytes: Uint8Array): SocketAddress | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  switch (view.getUint16(0, true)) {
    case AF_INET:
      return { text: `${bytes.subarray(4, 8).join(".")}:${view.getUint16(2)}`, port: view.getUint16(2) };
    case AF_INET6: {
      const groups = Array.from({ length: 8 }, (_, group) => view.getUint16(8 + group * 2).toString(16));
      return { text: addressText(groups.join(":"), view.getUint16(2)), port: view.getUint16(2) };
    }
    case AF_UNIX:
      return { text: unixName(bytes.subarray(2)), port: null };
    default:
      return null;
  }
}

function unixName(path: Uint8Array): string {
  const text = new TextDecoder().decode(path);
  if (text === "") return "";
  return text[0] === "\0"
    ? `@${text.slice(1)}`
    : text.slice(0, text.indexOf("\0") < 0 ? undefined : text.indexOf("\0"));
}
