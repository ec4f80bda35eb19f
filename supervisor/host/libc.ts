import { constants } from "node:os";
import { runtime } from "./runtime.ts";

const LIBRARY = "libc.so.6";

/**
 * The C library's functions that this folder calls, the same on both runtimes.
 * Errors: each returns what C returns; after -1 ask `errno()` at once.
 * Source: the manual pages, sections 2 and 3; glibc 2.34 or newer for `closefrom`.
 */
export const libc = runtime.link(LIBRARY, {
  open: ["buffer", "i32"],
  read: ["i32", "buffer", "usize"],
  write: ["i32", "buffer", "usize"],
  close: ["i32"],
  fcntl: ["i32", "i32", "usize"],
  pipe2: ["buffer", "i32"],
  tee: ["i32", "i32", "usize", "u32"],
  epoll_create1: ["i32"],
  epoll_ctl: ["i32", "i32", "i32", "buffer"],
  epoll_wait: ["i32", "buffer", "i32", "i32"],
  clock_gettime: ["i32", "buffer"],
  sysconf: ["i32"],
  ioctl: ["i32", "usize", "buffer"],
  poll: ["buffer", "usize", "i32"],
  prctl: ["i32", "usize", "usize", "usize", "usize"],
  prlimit: ["i32", "i32", "buffer", "buffer"],
  setpriority: ["i32", "i32", "i32"],
  kill: ["i32", "i32"],
  sigaction: ["i32", "buffer", "buffer"],
  dup3: ["i32", "i32", "i32"],
  flock: ["i32", "i32"],
  syncfs: ["i32"],
  pthread_sigmask: ["i32", "buffer", "buffer"],
  chown: ["buffer", "u32", "u32"],
  fchown: ["i32", "u32", "u32"],
  access: ["buffer", "i32"],
  getxattr: ["buffer", "buffer", "buffer", "usize"],
  syscall: ["usize", "usize", "usize", "usize"],
  getsid: ["i32"],
  getpgid: ["i32"],
  waitid: ["i32", "i32", "buffer", "i32"],
  execve: ["buffer", "buffer", "buffer"],
  posix_spawn: ["buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
  posix_spawn_file_actions_init: ["buffer"],
  posix_spawn_file_actions_addopen: ["buffer", "i32", "buffer", "i32", "u32"],
  posix_spawn_file_actions_adddup2: ["buffer", "i32", "i32"],
  posix_spawn_file_actions_addchdir_np: ["buffer", "buffer"],
  posix_spawn_file_actions_addclosefrom_np: ["buffer", "i32"],
  posix_spawn_file_actions_destroy: ["buffer"],
  posix_spawnattr_init: ["buffer"],
  posix_spawnattr_setflags: ["buffer", "i16"],
  posix_spawnattr_setsigdefault: ["buffer", "buffer"],
  posix_spawnattr_setsigmask: ["buffer", "buffer"],
  posix_spawnattr_destroy: ["buffer"],
  socket: ["i32", "i32", "i32"],
  bind: ["i32", "buffer", "u32"],
  listen: ["i32", "i32"],
  connect: ["i32", "buffer", "u32"],
  setsockopt: ["i32", "i32", "i32", "buffer", "u32"],
  shutdown: ["i32", "i32"],
  getsockopt: ["i32", "i32", "i32", "buffer", "buffer"],
  getsockname: ["i32", "buffer", "buffer"],
  send: ["i32", "buffer", "usize", "i32"],
  recvmsg: ["i32", "buffer", "i32"],
  sendmsg: ["i32", "buffer", "i32"],
  socketpair: ["i32", "i32", "i32", "buffer"],
  inet_pton: ["i32", "buffer", "buffer"],
  inet_ntop: ["i32", "buffer", "buffer", "u32"],
  if_nametoindex: ["buffer"],
  __xpg_strerror_r: ["i32", "buffer", "usize"],
});

// errno lives at one address per thread, so it is read as memory: no call stands between the failure and the question.
const errnoCell = runtime.cell(LIBRARY, "__errno_location");

/** Where one of the C library's functions is, for a call that takes the address of a function. */
export function functionAddress(name: string): number {
  return runtime.functionAddress(LIBRARY, name);
}

/** The reason of the last call that returned -1. */
export function errno(): number {
  return errnoCell[0] ?? 0;
}

/** Shape: `ENOENT`. Why not `getSystemErrorName` of node:util: on Deno it does not know ENOEXEC and some more. */
export function errnoName(code: number): string {
  const known = Object.entries(constants.errno).find(([, number]) => number === code);
  return known?.[0] ?? `errno ${code}`;
}

/** Shape: `No such file or directory (ENOENT)`. */
export function errnoText(code: number): string {
  const text = bytes(128);
  libc.__xpg_strerror_r(code, text, text.length);
  return `${fromCString(text)} (${errnoName(code)})`;
}

/** Zeroed bytes that stay at one address. Why: small typed arrays may live inside a garbage collector's moving heap. */
export function bytes(sizeBytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(sizeBytes));
}

/** The text as C wants it: UTF-8 with a zero byte at its end. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  const encoded = new TextEncoder().encode(text);
  const out = bytes(encoded.length + 1);
  out.set(encoded);
  return out;
}

export function fromCString(from: Uint8Array): string {
  const end = from.indexOf(0);
  return new TextDecoder().decode(end < 0 ? from : from.subarray(0, end));
}

/** An `int` in memory, as socket options and the like want it. */
export function cInt(value: number): Uint8Array<ArrayBuffer> {
  const out = bytes(4);
  new DataView(out.buffer).setInt32(0, value, true);
  return out;
}

/** A `char *[]` and its strings in one block, so that one reference keeps all of it alive during a call. */
export function cVector(texts: readonly string[]): Uint8Array<ArrayBuffer> {
  const strings = new TextEncoder().encode(texts.map((text) => `${text}\0`).join(""));
  const head = (texts.length + 1) * 8;
  const out = bytes(head + strings.length);
  out.set(strings, head);
  const view = new DataView(out.buffer);
  const start = runtime.addressOf(out);
  let at = head;
  for (const [index, text] of texts.entries()) {
    view.setBigUint64(index * 8, BigInt(start + at), true);
    at += Buffer.byteLength(text) + 1;
  }
  return out;
}
