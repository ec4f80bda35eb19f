import { createServer, type IncomingMessage } from "node:http";
import { Server, type Socket } from "node:net";
import process from "node:process";
import { Callers } from "./callers.ts";
import { answer, type HttpHandler } from "./http-answer.ts";
import { libc } from "./libc.ts";
import { mayOrder } from "./peer.ts";

/** The runtimes ask for 511: of those who come at once, the rest would be refused (EAGAIN). */
const BACKLOG = 4096;

/** `finish` takes no more requests and resolves when every answer is written; `close` ends open answers too: an event stream would hold it for ever. */
export type HttpServer = Readonly<{
  /** How many connections it has accepted so far. */
  accepted(): number;
  /** Leaves whoever connects from now on in the queue. */
  stopAccepting(): void;
  finish(): Promise<void>;
  close(): Promise<void>;
}>;

/**
 * Serves HTTP on a listening descriptor, which is the server's from now on.
 * Why `node:http` and not the runtimes' own servers: neither can be told how many may be connected, and Deno's waits for ever
 * for one who sends a byte a minute.
 */
export function openHttpServer(handler: HttpHandler, fd: number): HttpServer {
  const callers = new Callers();
  const http = createServer((incoming, outgoing) => {
    const { socket } = incoming;
    if (!callers.asks(socket)) return;
    if (incoming.complete || isBodiless(incoming)) callers.hasAsked(socket);
    else incoming.once("end", () => callers.hasAsked(socket));
    void answer(handler, incoming, outgoing).then(() => callers.answered(socket));
  });
  http.on("connection", (socket: Socket) => {
    if (mayOrder(socket)) callers.enter(socket);
    else socket.destroy();
  });
  // Bun's http server ignores a descriptor, so there a net server in front hands it each connection; Deno's listens itself.
  const front = process.versions.bun ? new Server((socket) => void http.emit("connection", socket)) : http;
  // That it accepts nobody is seen by whoever looks after the place.
  front.on("error", () => undefined);
  front.on("listening", () => void libc.listen(fd, BACKLOG));
  front.listen({ fd });
  // http.Server's own close() would cut those who still wait for an answer to be written.
  const stopAccepting = (): void => void Server.prototype.close.call(front);
  return {
    accepted: () => callers.count,
    stopAccepting,
    finish() {
      stopAccepting();
      return callers.finish();
    },
    close() {
      stopAccepting();
      return callers.close();
    },
  };
}

/** Told by its head alone: nobody may ever read what comes, so that its end is not told. */
function isBodiless({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] === undefined && (headers["content-length"] ?? "0") === "0";
}
