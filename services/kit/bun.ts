import { guard } from "./guard.ts";
import type { Bind, NativeServer } from "./native.ts";
import type { Servable } from "./serve.ts";
import {
  MAX_BEHIND_BYTES,
  MAX_MESSAGE_BYTES,
  type OpenSocket,
  type SocketBook,
  socketBook,
  type Wire,
} from "./sockets.ts";
import type { WebSocketHandlers } from "./web-socket.ts";

/**
 * How long Bun keeps a connection on which nothing moves. Units: seconds; 255 is the most it takes.
 * Why: its default of 10 s closes idle connections under clients that are about to use them. Clients give up idle
 * connections of their own after 4 s (undici), 60 s (nginx, load balancers) or 90 s (Go): with 255 s they are always first,
 * and a peer that vanished is still found. An event stream must say something within that time; proxies ask for more.
 */
const IDLE_TIMEOUT_S = 255;

/** What Bun passes to the handlers of one WebSocket: the book's entry, made when it is opened. */
type Upgraded = { handlers: WebSocketHandlers; socket?: OpenSocket };

/** Starts Bun's own server. Errors: throws what Bun.serve throws, EADDRINUSE for one. */
export function startBun(app: Servable, bind: Bind): NativeServer {
  const sockets = socketBook();
  const guarded = guard(app, { upgrade });
  const websocket = websocketHandlers(sockets);
  const common = { fetch: guarded.fetch, idleTimeout: IDLE_TIMEOUT_S, websocket };
  // The types keep `unix` and `idleTimeout` apart; Bun takes both.
  const options =
    bind.tag === "tcp" ? { ...common, hostname: bind.host, port: bind.port } : { ...common, unix: bind.path };
  const server = Bun.serve(options as unknown as Parameters<typeof Bun.serve>[0]);
  return {
    port: bind.tag === "tcp" ? (server.port ?? null) : null,
    rehearseClosing: (isClosing) => (isClosing ? guarded.startClosing(0) : guarded.stopClosing()),
    startClosing(spreadMs) {
      guarded.startClosing(spreadMs);
      sockets.startClosing(spreadMs);
    },
    remain: guarded.remain,
    // A connection that was told to close is closed by Bun.
    tend: () => true,
    /** Streaming bodies count until their last byte was given away. */
    get busy() {
      return server.pendingRequests + sockets.busy;
    },
    stop: async () => void server.stop(true),
  };
}

function upgrade(request: Request, env: unknown, handlers: WebSocketHandlers): Response | null {
  const data: Upgraded = { handlers };
  // What is answered then is not sent.
  return (env as Bun.Server<Upgraded>).upgrade(request, { data }) ? new Response(null) : null;
}

function websocketHandlers(sockets: SocketBook): Bun.WebSocketHandler<Upgraded> {
  return {
    maxPayloadLength: MAX_MESSAGE_BYTES,
    backpressureLimit: MAX_BEHIND_BYTES,
    closeOnBackpressureLimit: true,
    open(ws) {
      const wire: Wire = {
        send: (data) => void ws.send(data),
        close: (code, reason) => void ws.close(code, reason),
      };
      ws.data.socket = sockets.enter(wire, ws.data.handlers);
      ws.data.socket.opened();
    },
    message: (ws, data) => ws.data.socket?.message(data),
    close: (ws, code, reason) => ws.data.socket?.closed(code, reason),
  };
}
