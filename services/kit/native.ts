import { rmSync } from "node:fs";
import { adopt } from "./adopt.ts";
import { startBun } from "./bun.ts";
import { type Connection, connectionsAt, visitConnections, waitingAt } from "./connections.ts";
import { startDeno } from "./deno.ts";
import type { Census, Drainable } from "./drain.ts";
import { unwatch, watch } from "./epoll.ts";
import { type Libc, libc } from "./libc.ts";
import { startOnTemporaryPath, startWatched } from "./own-listener.ts";
import { rehearsed } from "./rehearsal.ts";
import type { Servable } from "./serve.ts";
import { addressOf, type SocketAddress } from "./socket-address.ts";

/** Where a server binds by itself. */
export type Bind = Readonly<{ tag: "tcp"; host: string; port: number } | { tag: "unix"; path: string }>;

/** The runtime's own server, as far as the drain needs it. */
export interface NativeServer {
  /** Where the runtime says that it listens; null on a unix socket. */
  readonly port: number | null;
  /**
   * From now on every response is the last of its connection; WebSockets are told to come again, spread over `spreadMs`.
   * `connections`: those that are open, for whoever has to know them before it says goodbye.
   */
  startClosing(spreadMs: number, connections: Iterable<Connection>): void;
  /** As in `Drainable`; and so many wait in the queue of the listener. */
  remain(count: number, waiting: number): void;
  /**
   * Is shown each connection at each look of the drain. Closes one that had its last response, where the runtime does not do
   * so itself; false for one that `stop` ends without a loss, so that nobody waits for it.
   */
  tend(c: Libc, connection: Connection): boolean;
  /** What is known to be in flight: requests, WebSockets. */
  readonly busy: number;
  /** Answers as it does in a drain, or does so no more: before it serves anybody. */
  rehearseClosing(isClosing: boolean): void;
  /** Closes what is idle at once, and resolves when nothing is in flight. */
  stop(): Promise<void>;
}

/** A server that listens, or the reason why it cannot be the native one. */
export type Opened = Readonly<{ ok: true; address: string; server: Drainable } | { ok: false; reason: string }>;

/**
 * How long a listener of our own still accepts once the drain has begun: its queue goes with it, so who waits there is let in.
 * Shorter than the drain's first look, which has to find them.
 */
export const QUEUE_MS = 10;

/** Starts a runtime's own server. Errors: throws when the address cannot be bound. */
export type Start = (app: Servable, bind: Bind, c: Libc) => NativeServer;

/** Where a server begins whose listener is replaced at once. */
const ANYWHERE: Bind = { tag: "tcp", host: "127.0.0.1", port: 0 };

const AF_INET = 2;
const SOCK_STREAM = 1;
const O_CLOEXEC = 0o2000000;

/** Postpones the first accept: `begin` is called when the process says that it is ready. */
export type Hold = (begin: () => void) => void;

/** Serves on a listener that was passed to this process. Errors: none are thrown; the reason says why it is not possible. */
export async function openInherited(app: Servable, fd: number, hold: Hold | null): Promise<Opened> {
  const c = libc();
  const start = nativeStart();
  if (!c || !start) return { ok: false, reason: c ? "this runtime has no native server" : "libc cannot be called" };
  const local = addressOf(c, fd);
  if (!local) return { ok: false, reason: `descriptor ${fd} has no address` };
  try {
    const { app: first, rehearse, begin } = rehearsed(app);
    const { server, listenerFd } =
      local.port === null ? startOnTemporaryPath(c, start, first) : startWatched(c, start, first, ANYWHERE);
    await rehearse(c, server, listenerFd);
    begin();
    const adoption = await adopt(c, fd, listenerFd);
    if (!adoption.ok) {
      await server.stop();
      return adoption;
    }
    const { registration } = adoption;
    let isOver = false;
    if (hold) {
      unwatch(c, listenerFd, registration);
      hold(() => {
        if (!isOver) watch(c, listenerFd, registration);
      });
    }
    const listener: Listener = {
      stopAccepting() {
        isOver = true;
        unwatch(c, listenerFd, registration);
      },
      waiting: () => waitingAt(c, listenerFd),
    };
    return { ok: true, address: local.text, server: drainable(c, local, server, listener) };
  } catch (cause) {
    // The runtime would not start its server, or its inside is not as it was; node:http needs less.
    return { ok: false, reason: cause instanceof Error ? cause.message : String(cause) };
  }
}

/** Serves at an address of its own. Errors: throws when it cannot be bound. */
export function openOwn(app: Servable, bind: Bind): Opened {
  const c = libc();
  const start = nativeStart();
  if (!c || !start) return { ok: false, reason: c ? "this runtime has no native server" : "libc cannot be called" };
  const { server, listenerFd } = startWatched(c, start, app, bind);
  const local = addressOf(c, listenerFd);
  if (!local) throw new Error(`descriptor ${listenerFd} has no address`);
  const listener: Listener = {
    stopAccepting() {
      if (bind.tag === "unix") rmSync(bind.path, { force: true });
      setTimeout(() => refuse(c, listenerFd), QUEUE_MS);
    },
    waiting: () => 0,
  };
  return { ok: true, address: local.text, server: drainable(c, local, server, listener) };
}

function nativeStart(): Start | null {
  if (process.versions.bun) return startBun;
  return process.versions.deno ? startDeno : null;
}

type Listener = Readonly<{ stopAccepting(): void; waiting(): number }>;

function drainable(c: Libc, local: SocketAddress, server: NativeServer, listener: Listener): Drainable {
  return {
    stopAccepting: listener.stopAccepting,
    startClosing: (spreadMs) => server.startClosing(spreadMs, connectionsAt(c, local)),
    remain: (count) => server.remain(count, listener.waiting()),
    async census() {
      const count = counting(c, server);
      await visitConnections(c, local, count.visit);
      return count.census();
    },
    censusNow() {
      const count = counting(c, server);
      for (const one of connectionsAt(c, local)) count.visit(one);
      return count.census();
    },
    finish: () => server.stop(),
  };
}

/** Counts connections as they are shown, and lets the server tend each. */
function counting(c: Libc, server: NativeServer) {
  let [open, leaving, quietMs] = [0, 0, Number.POSITIVE_INFINITY];
  return {
    visit(one: Connection): void {
      if (!server.tend(c, one)) return;
      if (one.isLeaving) leaving += 1;
      else open += 1;
      quietMs = Math.min(quietMs, one.quietMs);
    },
    census: (): Census => ({ open, busy: server.busy, leaving, quietMs }),
  };
}

/**
 * Closes a listener of our own without the runtime's `stop`, which would cut idle connections:
 * a socket that listens nowhere takes its number. New clients are refused, since nobody else will answer them.
 */
function refuse(c: Libc, fd: number): void {
  const nowhere = c.socket(AF_INET, SOCK_STREAM | O_CLOEXEC, 0);
  c.dup3(nowhere, fd, O_CLOEXEC);
  c.close(nowhere);
}
