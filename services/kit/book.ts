import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Census } from "./drain.ts";
import { linger } from "./linger.ts";

/** The connections of a `node:http` server. */
export interface Book {
  census(): Census;
  /** Whether requests have come on the connection of this one, behind it. */
  hasMore(request: IncomingMessage | undefined): boolean;
  destroy(): void;
}

type Entry = { busy: number; movedMs: number; readBytes: number; latest: IncomingMessage | null; cut(): void };

/** Counts requests per socket, so that pipelined ones and upgraded connections are seen too. */
export function bookOf(http: HttpServer): Book {
  const open = new Map<Socket, Entry>();

  http.on("connection", (socket: Socket) => {
    const entry: Entry = { busy: 0, movedMs: performance.now(), readBytes: 0, latest: null, cut: () => {} };
    entry.cut = linger(socket, () => entry.latest);
    open.set(socket, entry);
    socket.once("close", () => open.delete(socket));
  });
  // Before the app hears of it: an answer that is made at once must find its request in the book.
  http.prependListener("request", (request: IncomingMessage, response: ServerResponse) => {
    const entry = open.get(request.socket);
    if (!entry) return;
    entry.busy += 1;
    entry.latest = request;
    response.once("close", () => {
      entry.busy -= 1;
      entry.movedMs = performance.now();
    });
  });

  return {
    census(): Census {
      const nowMs = performance.now();
      let [busy, movedMs] = [0, Number.NEGATIVE_INFINITY];
      for (const [socket, entry] of open) {
        // A request whose head is still coming is no request yet, but its client is not idle.
        if (socket.bytesRead !== entry.readBytes) entry.movedMs = nowMs;
        entry.readBytes = socket.bytesRead;
        busy += entry.busy;
        movedMs = Math.max(movedMs, entry.movedMs);
      }
      return { open: open.size, busy, leaving: 0, quietMs: nowMs - movedMs };
    },
    hasMore(request) {
      const latest = request && open.get(request.socket)?.latest;
      return latest !== undefined && latest !== null && latest !== request;
    },
    destroy(): void {
      for (const { cut } of open.values()) cut();
    },
  };
}
