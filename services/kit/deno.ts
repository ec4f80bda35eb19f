import type { Connection } from "./connections.ts";
import { guard } from "./guard.ts";
import type { Libc } from "./libc.ts";
import type { Bind, NativeServer } from "./native.ts";
import type { Servable } from "./serve.ts";
import { addressOf, addressText } from "./socket-address.ts";

/** What of Deno is used here; its types are not on the compiler's path. */
type DenoServe = {
  serve(
    options: Readonly<Record<string, unknown>>,
    handler: (request: Request, info: ServeInfo) => Response | Promise<Response>,
  ): Readonly<{ shutdown(): Promise<void> }>;
};

type ServeInfo = Readonly<{
  remoteAddr: Readonly<{ transport: string; hostname: string; port: number }>;
  completed: Promise<void>;
}>;

const SHUT_RD = 0;

/**
 * Starts Deno's own server. Errors: throws what Deno.serve throws, AddrInUse for one.
 *
 * Why responses are not counted from the start: `info.completed` costs a sixth of the throughput (measured on 2.9.6).
 * It is not needed: what the app still works on is counted by the guard, and what is sent while draining is counted here.
 */
export function startDeno(app: Servable, bind: Bind): NativeServer {
  const { serve } = (globalThis as unknown as { Deno: DenoServe }).Deno;
  const closings = closingConnections();
  const guarded = guard(app, (request, info) => closings.expect(request, info as ServeInfo), true);
  const where = bind.tag === "tcp" ? { hostname: bind.host, port: bind.port } : { path: bind.path };
  const server = serve({ ...where, onListen: () => {} }, guarded.fetch);
  return {
    startClosing: guarded.startClosing,
    sweep: (c, connections) => closings.sweep(c, connections) + guarded.pending,
    stop: () => server.shutdown(),
  };
}

/**
 * Deno sends an app's `Connection: close` but then keeps the connection (2.9.6). Its client will close it, in its own time;
 * so as not to wait for that, a connection whose last response is complete is shut for reading: Deno sees the end of the
 * input, sends what it still holds, and closes. On a unix socket clients have no address to tell them by, and are waited for.
 */
function closingConnections() {
  const complete = new Set<string>();
  let inFlight = 0;

  return {
    expect(request: Request, { remoteAddr, completed }: ServeInfo): void {
      inFlight += 1;
      // HTTP/2 has no Host header, and its connection has other streams: it is left to shutdown().
      const isAlone = remoteAddr.transport === "tcp" && request.headers.has("host");
      const done = (): void => {
        inFlight -= 1;
        if (isAlone) complete.add(addressText(remoteAddr.hostname, remoteAddr.port));
      };
      completed.then(done, done);
    },
    sweep(c: Libc, connections: readonly Connection[]): number {
      if (complete.size > 0) {
        for (const { fd } of connections) {
          const peer = addressOf(c, fd, "theirs");
          if (peer && complete.delete(peer.text)) c.shutdown(fd, SHUT_RD);
        }
      }
      return inFlight;
    },
  };
}
