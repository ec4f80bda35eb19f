import { type Farewells, farewells } from "./farewells.ts";
import type { Servable } from "./serve.ts";
import { isReadAway, isUnread } from "./unread-upload.ts";
import { intentionOf } from "./upgrades.ts";
import type { WebSocketHandlers } from "./web-socket.ts";

/** Stands between the runtime and the app, and from the drain on tells every client that its connection ends. */
export interface Guard {
  fetch(request: Request, env: unknown): Response | Promise<Response>;
  /**
   * From now on responses say `Connection: close`, also those that the app is still working on: a few at once, then one after the
   * other, and all of them after `spreadMs`, so that thousands of clients do not come back in one moment. 0: all at once.
   */
  startClosing(spreadMs: number): void;
  /** So many connections are still open, and so many wait to be let in: what is left of the spread is to be enough. */
  remain(count: number, waiting: number): void;
  /** Takes that back, after a rehearsal. */
  stopClosing(): void;
  /** How many requests the app has taken and not answered yet; 0 where the guard was not asked to count. */
  readonly pending: number;
}

/** What the guard asks of the server it stands in. `env` is what the runtime passed beside the request. */
export type GuardEdge = Readonly<{
  /** Makes a WebSocket of the connection; gives what the runtime wants for an answer, or null when the handshake is none. */
  upgrade?(request: Request, env: unknown, handlers: WebSocketHandlers): Response | null;
  /** Hears of each response while draining, before it is sent, and whether it says close. */
  onDraining?(request: Request, env: unknown, saysClose: boolean): void;
  /** Whether more requests have come on this connection, so that this response must not be the last. */
  hasMore?(env: unknown): boolean;
  /** The server reads away what is left of an upload before it closes. */
  discards?: boolean;
  /** For a runtime that does not tell how many requests are in flight; it costs a little. */
  counts?: boolean;
  /** Whether the request's connection is ended by the server's own stop, without a loss: then the drain does not wait for it. */
  isApart?(request: Request): boolean;
}>;

/**
 * Puts a guard before an app.
 * Why not swap the handler at the drain: requests in flight would answer without the header, and their clients come back.
 * In the steady state it costs two checks, and one `then` for a handler that is asynchronous.
 */
export function guard(app: Servable, edge: GuardEdge = {}): Guard {
  let closing: Farewells | null = null;
  let pending = 0;

  const sent = (response: Response, request: Request, env: unknown): Response | Promise<Response> => {
    const intention = intentionOf(response);
    if (intention) return upgraded(edge, request, env, intention);
    if (!closing || !mayClose(response) || !closing.mayBeNext()) return response;
    if (edge.hasMore?.(env)) return said(false, response, request, env);
    if (edge.discards || !isUnread(request)) return said(true, response, request, env);
    return isReadAway(request).then((isAll) => said(isAll, response, request, env));
  };

  const said = (saysClose: boolean, response: Response, request: Request, env: unknown): Response => {
    edge.onDraining?.(request, env, saysClose);
    return saysClose ? withClose(response) : response;
  };

  const plainly = (answer: Promise<Response>, request: Request, env: unknown): Promise<Response> =>
    answer.then((response) => sent(response, request, env));

  const counting = (answer: Promise<Response>, request: Request, env: unknown): Promise<Response> => {
    if (closing && edge.isApart?.(request)) return plainly(answer, request, env);
    pending += 1;
    return answer.then(
      (response) => {
        pending -= 1;
        return sent(response, request, env);
      },
      (error) => {
        pending -= 1;
        throw error;
      },
    );
  };

  const finish = edge.counts ? counting : plainly;

  return {
    fetch(request, env) {
      const answer = app.fetch(request, env);
      return answer instanceof Promise ? finish(answer, request, env) : sent(answer, request, env);
    },
    startClosing(spreadMs) {
      closing = farewells(spreadMs);
    },
    remain: (count, waiting) => closing?.remain(count, waiting),
    stopClosing() {
      closing = null;
    },
    get pending() {
      return pending;
    },
  };
}

function upgraded(edge: GuardEdge, request: Request, env: unknown, handlers: WebSocketHandlers): Response {
  return edge.upgrade?.(request, env, handlers) ?? new Response("this is no WebSocket handshake\n", { status: 400 });
}

/** An upgraded connection is no longer HTTP's to close; Bun answers an upgrade with nothing at all. */
function mayClose(response: Response | undefined): boolean {
  return response !== undefined && response.status !== 101;
}

function withClose(response: Response): Response {
  try {
    response.headers.set("Connection", "close");
    return response;
  } catch {
    // The headers of a response that came from fetch() or Response.redirect() are immutable; a copy's are not.
    const copy = new Response(response.body, response);
    copy.headers.set("Connection", "close");
    return copy;
  }
}
