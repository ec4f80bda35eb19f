import { intend } from "./upgrades.ts";

/** The server's end of a WebSocket; what it is told after the socket was closed goes nowhere. */
export interface WebSocketPeer {
  send(data: string | Uint8Array): void;
  /** Default code: 1000. */
  close(code?: number, reason?: string): void;
}

/**
 * What an app does with a WebSocket. What a handler throws is reported, and ends this socket with code 1011.
 * `close` is called once, whoever closed, with the code that was heard or said: 1012 when it was the drain, 1005 or 1006 when there was none.
 */
export type WebSocketHandlers = Readonly<{
  open?(peer: WebSocketPeer): void;
  /** Text comes as a string, all else as bytes. */
  message?(peer: WebSocketPeer, data: string | Uint8Array): void;
  close?(peer: WebSocketPeer, code: number, reason: string): void;
}>;

/**
 * Makes a WebSocket of a request; the response is to be returned to `serve`, through whatever middleware.
 * The drain closes each with 1012 "service restart", spread over `spreadMs`, so that clients do not come back all at once;
 * until then it counts as in flight. Shape: `app.get("/live", (c) => upgrade(c.req.raw, { message: (peer, data) => peer.send(data) }))`.
 * Errors: a request for something else is answered with 426, a handshake that is not one with 400; no handler is called then.
 * Why not the runtime's own call: the drain would not know the socket, and Bun's is not Deno's.
 */
export function upgrade(request: Request, handlers: WebSocketHandlers): Response {
  const wants = request.headers.get("upgrade")?.toLowerCase() === "websocket";
  const headers = { Upgrade: "websocket", Connection: "Upgrade" };
  const response = new Response("this address is a WebSocket's\n", { status: 426, headers });
  if (wants) intend(response, handlers);
  return response;
}
