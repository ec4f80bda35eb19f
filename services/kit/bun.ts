import { guard } from "./guard.ts";
import type { Bind, NativeServer } from "./native.ts";
import type { Servable } from "./serve.ts";

/**
 * How long Bun keeps a connection on which nothing moves. Units: seconds; 255 is the most it takes.
 * Why: its default of 10 s closes idle connections under clients that are about to use them. Clients give up idle
 * connections of their own after 4 s (undici), 60 s (nginx, load balancers) or 90 s (Go): with 255 s they are always first,
 * and a peer that vanished is still found. An event stream must say something within that time; proxies ask for more.
 */
const IDLE_TIMEOUT_S = 255;

/** Starts Bun's own server. Errors: throws what Bun.serve throws, EADDRINUSE for one. */
export function startBun(app: Servable, bind: Bind): NativeServer {
  const guarded = guard(app);
  const common = { fetch: guarded.fetch, idleTimeout: IDLE_TIMEOUT_S };
  // The types keep `unix` and `idleTimeout` apart; Bun takes both.
  const options =
    bind.tag === "tcp" ? { ...common, hostname: bind.host, port: bind.port } : { ...common, unix: bind.path };
  const server = Bun.serve(options as Parameters<typeof Bun.serve>[0]);
  return {
    startClosing: guarded.startClosing,
    /** Streaming bodies count until their last byte was given away. A connection that was told to close is closed by Bun. */
    sweep: () => server.pendingRequests,
    stop: async () => void server.stop(true),
  };
}
