import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listeningFds } from "./connections.ts";
import type { Libc } from "./libc.ts";
import type { Bind, NativeServer, Start } from "./native.ts";
import type { Servable } from "./serve.ts";
import { addressOf } from "./socket-address.ts";

/** A server and the descriptor of the listener that it opened. */
export type Watched = Readonly<{ server: NativeServer; listenerFd: number }>;

/**
 * Starts a server and finds the listener that came with it: both runtimes open it before they return.
 * Errors: throws when it is not exactly one, or not where the runtime says that it listens; then the server is stopped.
 */
export function startWatched(c: Libc, start: Start, app: Servable, bind: Bind): Watched {
  const before = listeningFds(c);
  const server = start(app, bind, c);
  const [listenerFd, ...others] = listeningFds(c).filter((fd) => !before.includes(fd));
  const fault = faultOf(c, server, listenerFd, others);
  if (listenerFd !== undefined && fault === null) return { server, listenerFd };
  void server.stop();
  throw new Error(fault ?? "");
}

/** The runtimes read a peer's address in the form of the socket they opened: a unix socket is replaced by a unix socket. */
export function startOnTemporaryPath(c: Libc, start: Start, app: Servable): Watched {
  const folder = mkdtempSync(join(tmpdir(), "supervisor-kit-"));
  try {
    return startWatched(c, start, app, { tag: "unix", path: join(folder, "s") });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function faultOf(c: Libc, { port }: NativeServer, fd: number | undefined, others: readonly number[]): string | null {
  if (fd === undefined) return "the runtime's listener is not among this process's descriptors";
  if (others.length > 0) return `the runtime opened ${others.length + 1} listeners instead of one`;
  const local = addressOf(c, fd);
  if (local?.port !== port) return `the runtime says that it listens at port ${port}, but it is ${local?.text}`;
  return null;
}
