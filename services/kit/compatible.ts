import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Server as NetServer, type Socket } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { backlogOf } from "./connections.ts";
import type { Census, Drainable } from "./drain.ts";
import { guard } from "./guard.ts";
import { libc } from "./libc.ts";
import { type Bind, type Hold, QUEUE_MS } from "./native.ts";
import type { Servable } from "./serve.ts";
import { addressOf, addressText } from "./socket-address.ts";

/** Where the compatible server listens: on a descriptor that was passed, or at an address of its own. */
export type Place = Bind | Readonly<{ tag: "fd"; fd: number }>;

/** What listen(2) takes as "as many as the system allows" (net.core.somaxconn). */
const MOST = 0x7fffffff;

/**
 * Serves through `node:http`: slower, but with nothing of the runtime's inside touched.
 * Bun's `http.Server` ignores a descriptor, so there a net server in front hands it each connection; Deno's resets
 * connections that come that way under load, so there it listens itself.
 * Errors: rejects with what `listen` reports, and when the server does not listen where it should.
 */
export async function openCompatible(
  app: Servable,
  place: Place,
  hold: Hold | null = null,
): Promise<{ address: string; server: Drainable }> {
  const guarded = guard(app);
  const http = createAdaptorServer({ fetch: guarded.fetch as never, createServer }) as HttpServer;
  // Never the one who closes an idle connection: a client may be about to use it. See the native servers.
  http.keepAliveTimeout = 0;
  const book = bookOf(http);
  const front = process.versions.bun ? frontOf(http) : http;
  if (hold) hold(() => void listen(front, place));
  else await listen(front, place);
  return {
    address: hold ? heldAddress(place) : addressIn(front, place),
    server: {
      stopAccepting() {
        guarded.startClosing();
        // http.Server's own close() would cut idle connections, also on Deno.
        const close = () => void NetServer.prototype.close.call(front);
        if (place.tag === "fd") close();
        else setTimeout(close, QUEUE_MS);
      },
      census: book.census,
      finish: async () => book.destroy(),
    },
  };
}

function frontOf(http: HttpServer): NetServer {
  return new NetServer({ noDelay: true } as never, (socket) => void http.emit("connection", socket));
}

async function listen(front: NetServer, place: Place): Promise<void> {
  const c = libc();
  const backlog = place.tag === "fd" && c ? backlogOf(c, place.fd) : null;
  const listening = Promise.withResolvers<void>();
  front.once("error", listening.reject);
  front.once("listening", listening.resolve);
  if (place.tag === "fd") front.listen({ fd: place.fd });
  else if (place.tag === "unix") front.listen(place.path);
  else front.listen(place.port, place.host);
  await listening.promise;
  // The runtimes call listen(2) with 511, and the queue is everybody's. Where its length is unknown the supervisor puts it right after READY.
  if (place.tag === "fd") c?.listen(place.fd, backlog ?? MOST);
}

/** A server that is held back until the process is ready listens nowhere yet. */
function heldAddress(place: Place): string {
  const c = libc();
  return (place.tag === "fd" && c && addressOf(c, place.fd)?.text) || "";
}

/** Errors: throws when the inherited address is not the one that is listened at. */
function addressIn(front: NetServer, place: Place): string {
  if (place.tag === "unix") return place.path;
  const address = front.address();
  const c = libc();
  const inherited = place.tag === "fd" && c ? addressOf(c, place.fd) : null;
  const isTcp = address !== null && typeof address === "object" && typeof address.port === "number";
  // Bun's http server is known to bind another port in silence; a server nobody can reach must not say it is ready.
  if (inherited && inherited.port !== (isTcp ? address.port : null)) {
    throw new Error(`the runtime does not listen at the inherited ${inherited.text} but at ${JSON.stringify(address)}`);
  }
  if (inherited) return inherited.text;
  return isTcp ? addressText(address.address, address.port) : String(address);
}

/** Counts requests per socket, so that pipelined ones and upgraded connections are seen too. */
function bookOf(http: HttpServer) {
  const open = new Map<Socket, { busy: number; movedMs: number }>();

  http.on("connection", (socket: Socket) => {
    open.set(socket, { busy: 0, movedMs: performance.now() });
    socket.once("close", () => open.delete(socket));
  });
  http.on("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
    const entry = open.get(socket);
    if (!entry) return;
    entry.busy += 1;
    response.once("close", () => {
      entry.busy -= 1;
      entry.movedMs = performance.now();
    });
  });

  return {
    census(): Census {
      const entries = [...open.values()];
      return {
        open: entries.length,
        busy: entries.reduce((sum, { busy }) => sum + busy, 0),
        quietMs: performance.now() - Math.max(...entries.map(({ movedMs }) => movedMs)),
      };
    },
    destroy(): void {
      for (const socket of open.keys()) socket.destroy();
    },
  };
}
