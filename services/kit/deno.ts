import { closeFrame } from "./frames.ts";
import { guard } from "./guard.ts";
import { type LastWord, lastWord } from "./last-word.ts";
import type { Libc } from "./libc.ts";
import type { Bind, NativeServer } from "./native.ts";
import { createPeers } from "./peers.ts";
import type { Servable } from "./serve.ts";
import { addressText, type SocketAddress } from "./socket-address.ts";
import { type SocketBook, socketBook, type Wire } from "./sockets.ts";
import type { WebSocketHandlers } from "./web-socket.ts";

/** What of Deno is used here; its types are not on the compiler's path. */
type DenoServe = {
  serve(
    options: Readonly<Record<string, unknown>>,
    handler: (request: Request, info: ServeInfo) => Response | Promise<Response>,
  ): Readonly<{ addr: Readonly<{ port: number }>; shutdown(): Promise<void> }>;
  upgradeWebSocket(request: Request): Readonly<{ socket: WebSocket; response: Response }>;
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
export function startDeno(app: Servable, bind: Bind, c: Libc): NativeServer {
  const { serve } = deno();
  const closings = closingConnections();
  const sockets = socketBook();
  const word = lastWord(c);
  const guarded = guard(app, {
    counts: true,
    isApart: isHttp2,
    onDraining: (request, info, saysClose) => closings.expect(request, info as ServeInfo, saysClose),
    upgrade: (request, info, handlers) => upgrade(request, info as ServeInfo, handlers, { sockets, closings, word }),
  });
  const where = bind.tag === "tcp" ? { hostname: bind.host, port: bind.port } : { path: bind.path };
  const server = serve({ ...where, onListen: () => {} }, guarded.fetch);
  return {
    port: bind.tag === "tcp" ? server.addr.port : null,
    rehearseClosing: (isClosing) => (isClosing ? guarded.startClosing(0) : guarded.stopClosing()),
    startClosing(spreadMs, connections) {
      guarded.startClosing(spreadMs);
      // Whoever is not told at this moment is learnt at the next look.
      if (sockets.busy > 0) for (const { fd } of connections) word.learn(fd);
      sockets.startClosing(spreadMs);
    },
    remain: guarded.remain,
    tend(_, { fd }) {
      if (sockets.busy > 0) word.learn(fd);
      return closings.tend(c, fd);
    },
    get busy() {
      return closings.inFlight + guarded.pending + sockets.busy;
    },
    // It says GOAWAY on HTTP/2, and waits for the streams that were opened before.
    stop: () => server.shutdown(),
  };
}

function deno(): DenoServe {
  return (globalThis as unknown as { Deno: DenoServe }).Deno;
}

/** HTTP/2 puts the host elsewhere. */
function isHttp2(request: Request): boolean {
  return !request.headers.has("host");
}

type Closings = ReturnType<typeof closingConnections>;

function upgrade(
  request: Request,
  info: ServeInfo,
  handlers: WebSocketHandlers,
  { sockets, closings, word }: Readonly<{ sockets: SocketBook; closings: Closings; word: LastWord }>,
): Response | null {
  const peer = peerOf(info);
  const upgraded = upgradedOf(request);
  if (!upgraded) return null;
  const { socket, response } = upgraded;
  socket.binaryType = "arraybuffer";
  const wire: Wire = {
    send: (data) => socket.send(data as Uint8Array<ArrayBuffer>),
    behindBytes: () => socket.bufferedAmount,
    close(code, reason) {
      const isSaid = peer !== null && socket.bufferedAmount === 0 && word.say(peer.text, closeFrame(code, reason));
      if (!isSaid) socket.close(code, reason);
    },
    cut: () => closings.end(peer),
  };
  const entry = sockets.enter(wire, handlers);
  socket.onopen = entry.opened;
  socket.onmessage = ({ data }) => entry.message(typeof data === "string" ? data : new Uint8Array(data));
  socket.onclose = ({ code, reason }) => entry.closed(code, reason);
  // A close follows; without a handler it would be an uncaught error.
  socket.onerror = (event) => event.preventDefault();
  return response;
}

/** Null on a unix socket. To be asked while the request is there: once it is answered or upgraded, Deno throws. */
function peerOf({ remoteAddr: { transport, hostname, port } }: ServeInfo): SocketAddress | null {
  return transport === "tcp" ? { text: addressText(hostname, port), port } : null;
}

/** Null for a handshake that is none. */
function upgradedOf(request: Request) {
  try {
    return deno().upgradeWebSocket(request);
  } catch {
    // It says so of whatever is missing in the handshake; the client is told that something is.
    return null;
  }
}

/**
 * Deno sends an app's `Connection: close` but then keeps the connection (2.9.6). Its client will close it, in its own time;
 * so as not to wait for that, a connection whose last response is complete is shut for reading: Deno sees the end of the
 * input, sends what it still holds, and closes. On a unix socket clients have no address to tell them by, and are waited for.
 * A connection that speaks HTTP/2 has other streams: it is left to `stop`, and no idle limit is asked of it.
 */
function closingConnections() {
  const complete = createPeers();
  const http2 = createPeers();
  let inFlight = 0;

  const end = (peer: SocketAddress | null): void => {
    if (peer) complete.add(peer);
  };

  return {
    end,
    expect(request: Request, info: ServeInfo, saysClose: boolean): void {
      const peer = peerOf(info);
      if (isHttp2(request)) {
        if (peer) http2.add(peer);
        return;
      }
      inFlight += 1;
      const done = (): void => {
        inFlight -= 1;
        if (saysClose) end(peer);
      };
      info.completed.then(done, done);
    },
    get inFlight() {
      return inFlight;
    },
    tend(c: Libc, fd: number): boolean {
      if (complete.size > 0 && complete.take(c, fd)) c.shutdown(fd, SHUT_RD);
      return http2.size === 0 || !http2.has(c, fd);
    },
  };
}
