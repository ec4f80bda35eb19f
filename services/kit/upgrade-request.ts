import type { Server as HttpServer, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Guard } from "./guard.ts";

/** The answer to a request whose connection has become a WebSocket: there is nothing more to say. */
export const TAKEN = new Response(null);

/**
 * Lets an app answer the requests that ask for another protocol, which `node:http` hands over with their connection.
 * One that does not become a WebSocket gets the app's response, and its connection ends.
 */
export function answerUpgrades(http: HttpServer, fetch: Guard["fetch"]): void {
  http.on("upgrade", (incoming: IncomingMessage, socket: Socket, head: Uint8Array) => {
    // What a client does to its connection while the app answers is heard at the next write.
    socket.on("error", () => {});
    answer(socket, () => fetch(requestOf(incoming), { incoming, upgrading: { socket, head } })).catch((cause) => {
      console.error("a request to upgrade failed:", cause);
      socket.destroy();
    });
  });
}

async function answer(socket: Socket, ask: () => Response | Promise<Response>): Promise<void> {
  const response = await ask();
  if (response === TAKEN) return;
  const body = new Uint8Array(await response.arrayBuffer());
  response.headers.set("Connection", "close");
  response.headers.set("Content-Length", String(body.length));
  const lines = [...response.headers].map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${response.status} ${response.statusText}\r\n${lines.join("")}\r\n`);
  socket.end(body);
}

function requestOf({ headers, method = "GET", url = "/" }: IncomingMessage): Request {
  const given = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value] as [string, string]],
  );
  return new Request(new URL(url, `http://${headers.host ?? "localhost"}`), { method, headers: given });
}
