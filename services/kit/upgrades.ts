import type { WebSocketHandlers } from "./web-socket.ts";

/** Names an intention in the response that carries it through the app: middleware may copy a response, headers stay. */
const MARK = "x-supervisor-upgrade";

/** Of responses that never reach a server of the kit (an app under test), so many are remembered. */
const MAX_WAITING = 1024;

const waiting = new Map<string, WebSocketHandlers>();
let last = 0;

/** Remembers what is to be done with a connection whose response is on its way to the server. */
export function intend(response: Response, handlers: WebSocketHandlers): void {
  last += 1;
  const key = String(last);
  response.headers.set(MARK, key);
  waiting.set(key, handlers);
  for (const [oldest] of waiting) {
    if (waiting.size <= MAX_WAITING) break;
    waiting.delete(oldest);
  }
}

/** Gives, once, what was intended with the connection of this response. Why the size first: it costs plain requests nothing. */
export function intentionOf(response: Response | undefined): WebSocketHandlers | null {
  if (waiting.size === 0 || response?.status !== 426) return null;
  const key = response.headers.get(MARK) ?? "";
  const handlers = waiting.get(key) ?? null;
  waiting.delete(key);
  return handlers;
}
