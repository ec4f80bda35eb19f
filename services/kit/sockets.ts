import type { WebSocketHandlers, WebSocketPeer } from "./web-socket.ts";

/** The longest message of a client, and how far a client may fall behind; beyond either its socket is closed. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
export const MAX_BEHIND_BYTES = 16 * 1024 * 1024;

/** How a runtime's WebSocket is spoken on. */
export type Wire = Readonly<{
  send(data: string | Uint8Array): void;
  close(code: number, reason: string): void;
  /** What was sent and is not on its way yet; absent where the runtime itself holds to the bound. */
  behindBytes?(): number;
  /** Ends the connection of a client that does not answer the close; absent where the runtime does not wait for it. */
  cut?(): void;
}>;

/** One WebSocket from its handshake to its end; the runtime's events are told to it. */
export interface OpenSocket {
  opened(): void;
  message(data: string | Uint8Array): void;
  closed(code: number, reason: string): void;
}

/** The WebSockets of one server. */
export interface SocketBook {
  enter(wire: Wire, handlers: WebSocketHandlers): OpenSocket;
  /** Closes each with 1012, at a moment of its own within `spreadMs`; one that is opened later as well. */
  startClosing(spreadMs: number): void;
  /** How many are open, or closed by us and not yet by the client. */
  readonly busy: number;
}

type Entry = { isOpen: boolean; timer: ReturnType<typeof setTimeout> | null; end(code: number, reason: string): void };

/** Source: the IANA registry of WebSocket close codes. */
const SERVICE_RESTART = 1012;
const POLICY_VIOLATION = 1008;
const INTERNAL_ERROR = 1011;
const ABNORMAL = 1006;

/** How long a client has to answer our close. */
const ANSWER_MS = 2_000;

/** Keeps the book of the WebSockets of one server: who is in it is waited for by the drain. */
export function socketBook(): SocketBook {
  const entries = new Set<Entry>();
  let closingUntilMs: number | null = null;

  const sayGoodbyeLater = (entry: Entry): void => {
    if (closingUntilMs === null || !entry.isOpen) return;
    const restMs = Math.max(0, closingUntilMs - performance.now());
    entry.timer = setTimeout(() => entry.end(SERVICE_RESTART, "service restart"), Math.random() * restMs);
  };

  return {
    enter(wire, handlers) {
      const leave = (): void => void entries.delete(entry);
      const { entry, socket } = socketOf(wire, handlers, leave, () => sayGoodbyeLater(entry));
      entries.add(entry);
      return socket;
    },
    startClosing(spreadMs) {
      closingUntilMs = performance.now() + spreadMs;
      for (const entry of entries) sayGoodbyeLater(entry);
    },
    get busy() {
      return entries.size;
    },
  };
}

function socketOf(wire: Wire, handlers: WebSocketHandlers, leave: () => void, begin: () => void) {
  let isOver = false;
  let said: Readonly<{ code: number; reason: string }> | null = null;

  const end = (code: number, reason: string): void => {
    if (!entry.isOpen) return;
    entry.isOpen = false;
    said = { code, reason };
    if (entry.timer) clearTimeout(entry.timer);
    entry.timer = setTimeout(giveUp, ANSWER_MS);
    wire.close(code, reason);
  };
  /** The client was told, and says nothing: nobody waits for it any longer. */
  const giveUp = (): void => {
    wire.cut?.();
    socket.closed(ABNORMAL, "");
  };
  const entry: Entry = { isOpen: false, timer: null, end };
  const peer: WebSocketPeer = {
    send(data) {
      if (!entry.isOpen) return;
      if ((wire.behindBytes?.() ?? 0) > MAX_BEHIND_BYTES) end(POLICY_VIOLATION, "too far behind");
      else wire.send(data);
    },
    close: (code = 1000, reason = "") => end(code, reason),
  };
  /** A handler is foreign code: what it throws ends its own socket, not the process. */
  const call = (handler: () => void): void => {
    try {
      handler();
    } catch (cause) {
      console.error("a WebSocket handler failed:", cause);
      end(INTERNAL_ERROR, "internal error");
    }
  };

  const socket: OpenSocket = {
    opened() {
      entry.isOpen = true;
      begin();
      call(() => handlers.open?.(peer));
    },
    message(data) {
      if (entry.isOpen) call(() => handlers.message?.(peer, data));
    },
    closed(code, reason) {
      if (isOver) return;
      isOver = true;
      entry.isOpen = false;
      if (entry.timer) clearTimeout(entry.timer);
      leave();
      // Who spoke first counts; the runtimes differ in what they make of the answer.
      const why = said ?? { code, reason };
      call(() => handlers.close?.(peer, why.code, why.reason));
    },
  };
  return { entry, socket };
}
