import { createRequire } from "node:module";

/** Bytes that the kernel reads or fills. */
type Bytes = Uint8Array<ArrayBuffer>;

/**
 * The few calls of libc that serving on an inherited socket needs; the same on Bun and on Deno.
 * Each returns what libc returns: -1 is a failure.
 */
export type Libc = Readonly<{
  close(fd: number): number;
  connect(fd: number, address: Bytes, lengthBytes: number): number;
  dup3(from: number, to: number, flags: number): number;
  epoll_ctl(epollFd: number, operation: number, fd: number, event: Bytes): number;
  fcntl(fd: number, command: number, argument: number): number;
  getpeername(fd: number, address: Bytes, lengthBytes: Bytes): number;
  getsockname(fd: number, address: Bytes, lengthBytes: Bytes): number;
  getsockopt(fd: number, level: number, name: number, value: Bytes, lengthBytes: Bytes): number;
  listen(fd: number, backlog: number): number;
  send(fd: number, payload: Bytes, lengthBytes: bigint, flags: number): number;
  setsockopt(fd: number, level: number, name: number, value: Bytes, lengthBytes: number): number;
  shutdown(fd: number, how: number): number;
  socket(family: number, type: number, protocol: number): number;
}>;

/** `i`: int; `p`: pointer to bytes; `n`: size_t. The result is the last. */
const SIGNATURES = {
  close: "ii",
  connect: "ipii",
  dup3: "iiii",
  epoll_ctl: "iiipi",
  fcntl: "iiii",
  getpeername: "ippi",
  getsockname: "ippi",
  getsockopt: "iiippi",
  listen: "iii",
  send: "ipnii",
  setsockopt: "iiipii",
  shutdown: "iii",
  socket: "iiii",
} as const satisfies Record<keyof Libc, string>;

/** glibc by its soname; musl by the name of its loader. */
const LIBRARIES = ["libc.so.6", "libc.so"];

let loaded: Libc | null | undefined;

/** Gives libc, or null where it cannot be had: not Linux, no FFI, or Deno without --allow-ffi. */
export function libc(): Libc | null {
  loaded ??= load();
  return loaded;
}

function load(): Libc | null {
  if (process.platform !== "linux") return null;
  const open = process.versions.bun ? openInBun : openInDeno;
  for (const library of LIBRARIES) {
    try {
      return open(library);
    } catch {
      // Another name may fit; when none does, null says so and the caller goes the way without libc.
    }
  }
  return null;
}

function openInBun(library: string): Libc {
  const { dlopen } = createRequire(import.meta.url)("bun:ffi") as typeof import("bun:ffi");
  const types = { i: "i32", p: "ptr", n: "u64" } as const;
  return dlopen(
    library,
    declarations(types, (args, returns) => ({ args, returns })),
  ).symbols as unknown as Libc;
}

function openInDeno(library: string): Libc {
  const { Deno } = globalThis as unknown as { Deno: { dlopen(path: string, symbols: object): { symbols: Libc } } };
  const types = { i: "i32", p: "buffer", n: "usize" } as const;
  return Deno.dlopen(
    library,
    declarations(types, (parameters, result) => ({ parameters, result })),
  ).symbols;
}

function declarations<T, D>(types: Record<"i" | "p" | "n", T>, declare: (parameters: T[], result: T) => D) {
  const typeOf = (letter: string): T => types[letter as "i" | "p" | "n"];
  return Object.fromEntries(
    Object.entries(SIGNATURES).map(([name, letters]) => [
      name,
      declare([...letters.slice(0, -1)].map(typeOf), typeOf(letters.slice(-1))),
    ]),
  );
}
