import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";

/** How long a client may go on sending what nobody wants once it has its answer. */
const LINGER_MS = 2_000;

/**
 * Makes a connection of `node:http` end gently: where a request of its has not come whole when the server is done with it,
 * only our end is closed, and what still comes is read away until the client closes too. Gives the way to end it at once.
 * Why: `node:http` destroys the socket behind the last response; with bytes unread the kernel makes that a reset, which takes the
 * response from under the client. Source: RFC 9112, section 9.6.
 */
export function linger(socket: Socket, latest: () => IncomingMessage | null): () => void {
  const destroy = socket.destroy.bind(socket);
  const destroySoon = socket.destroySoon.bind(socket);
  let lingers = false;

  const gently = (otherwise: (error?: Error) => void, error?: Error): Socket => {
    const request = latest();
    if (error || request?.complete !== false || socket.readableEnded || socket.destroyed) otherwise(error);
    else if (!lingers) {
      lingers = true;
      const timer = setTimeout(destroy, LINGER_MS);
      socket.once("end", () => destroy());
      socket.once("close", () => clearTimeout(timer));
      socket.end();
      request.resume();
    }
    return socket;
  };
  socket.destroy = (error) => gently(destroy, error);
  socket.destroySoon = () => void gently(destroySoon);
  return () => void destroy();
}
