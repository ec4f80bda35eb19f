import { setTimeout as sleep } from "node:timers/promises";
import { visitConnections } from "./connections.ts";
import type { Libc } from "./libc.ts";
import type { NativeServer } from "./native.ts";
import type { Servable } from "./serve.ts";
import { addressOf, sockaddrOf } from "./socket-address.ts";

/** Enough for a runtime to load and compile what a request goes through. */
const REQUESTS = 4;
const BOUND_MS = 200;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const REQUEST = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");

/** An app that answers by itself until it is given its part. */
export type Rehearsed = Readonly<{
  app: Servable;
  /** Sends requests to a listener that nobody else knows yet, and lets the server drain them; for a moment at most. */
  rehearse(c: Libc, server: NativeServer, listenerFd: number): Promise<void>;
  /** From now on the app answers. */
  begin(): void;
}>;

/**
 * Lets a server answer requests of its own, and drain, before it gets its listener.
 * Why: the first request of a process, and the first of its drain, take 2 ms on Bun and 10 ms on Deno, which loads and compiles
 * meanwhile; in a handover that is felt by whoever comes first, and by everybody behind. The app itself is not asked: it
 * knows what it has to warm up.
 */
export function rehearsed(app: Servable): Rehearsed {
  let answered = 0;
  const stage: { fetch: Servable["fetch"] } = {
    fetch: () => {
      answered += 1;
      return Response.json("rehearsal");
    },
  };
  const act = async (c: Libc, listenerFd: number): Promise<readonly number[]> => {
    answered = 0;
    const clients = Array.from({ length: REQUESTS }, () => ask(c, listenerFd)).filter((fd) => fd >= 0);
    const untilMs = performance.now() + BOUND_MS;
    while (answered < clients.length && performance.now() < untilMs) await sleep(1);
    return clients;
  };
  return {
    app: stage,
    begin() {
      stage.fetch = (...args) => app.fetch(...args);
    },
    async rehearse(c, server, listenerFd) {
      const local = addressOf(c, listenerFd);
      const clients = [...(await act(c, listenerFd))];
      server.rehearseClosing(true);
      clients.push(...(await act(c, listenerFd)));
      if (local) await visitConnections(c, local, (one) => void server.tend(c, one));
      server.rehearseClosing(false);
      for (const fd of clients) c.close(fd);
      abortNothing();
    },
  };
}

/** Gives the client's end; -1 where nobody is reached, as on the path that a unix socket had for a moment. */
function ask(c: Libc, listenerFd: number): number {
  const address = sockaddrOf(c, listenerFd);
  if (!address) return -1;
  const fd = c.socket(new DataView(address.buffer).getUint16(0, true), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (c.connect(fd, address, address.length) === 0) {
    c.send(fd, REQUEST, BigInt(REQUEST.length), MSG_NOSIGNAL);
    return fd;
  }
  c.close(fd);
  return -1;
}

/** The first abort of a process takes 2 ms on Deno. */
function abortNothing(): void {
  const nothing = new AbortController();
  nothing.signal.addEventListener("abort", () => {});
  nothing.abort();
}
