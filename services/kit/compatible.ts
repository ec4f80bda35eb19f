import { createServer, type Server as HttpServer, type IncomingMessage } from "node:http";
import { Server as NetServer } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { type Book, bookOf } from "./book.ts";
import { backlogOf } from "./connections.ts";
import type { Census, Drainable } from "./drain.ts";
import { type Connection, openFramed } from "./framed-socket.ts";
import { type Guard, guard } from "./guard.ts";
import { libc } from "./libc.ts";
import { type Bind, type Hold, QUEUE_MS } from "./native.ts";
import type { Servable } from "./serve.ts";
import { addressOf, addressText } from "./socket-address.ts";
import { type SocketBook, socketBook } from "./sockets.ts";
import { answerUpgrades, TAKEN } from "./upgrade-request.ts";

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
  const sockets = socketBook();
  let book: Book | undefined;
  const guarded = guard(app, {
    discards: true,
    hasMore: (env) => book?.hasMore((env as Partial<Env>).incoming) ?? false,
    upgrade: (_, { incoming, upgrading }: Partial<Env>, handlers) =>
      incoming && upgrading && openFramed(incoming, upgrading, sockets, handlers) ? TAKEN : null,
  });
  const http = createAdaptorServer({ fetch: guarded.fetch as never, createServer }) as HttpServer;
  // Never the one who closes an idle connection: a client may be about to use it. See the native servers.
  http.keepAliveTimeout = 0;
  book = bookOf(http);
  answerUpgrades(http, guarded.fetch);
  const front = process.versions.bun ? frontOf(http) : http;
  if (hold) hold(() => void listen(front, place));
  else await listen(front, place);
  return {
    address: hold ? heldAddress(place) : addressIn(front, place),
    server: drainable({ front, place, book, guarded, sockets }),
  };
}

/** What `node:http` knows of a request beside it; `upgrading` where it asks for another protocol. */
type Env = Readonly<{ incoming: IncomingMessage; upgrading: Connection }>;

type Parts = Readonly<{ front: NetServer; place: Place; book: Book; guarded: Guard; sockets: SocketBook }>;

function drainable({ front, place, book, guarded, sockets }: Parts): Drainable {
  const censusNow = (): Census => {
    const census = book.census();
    return { ...census, busy: census.busy + sockets.busy };
  };
  return {
    stopAccepting() {
      // http.Server's own close() would cut idle connections, also on Deno.
      const close = () => void NetServer.prototype.close.call(front);
      if (place.tag === "fd") close();
      else setTimeout(close, QUEUE_MS);
    },
    startClosing(spreadMs) {
      // Not spread: once its listener is closed Deno's node:http ends a connection behind the response, told or not.
      guarded.startClosing(0);
      sockets.startClosing(spreadMs);
    },
    remain: () => {},
    census: async () => censusNow(),
    censusNow,
    finish: async () => book.destroy(),
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
