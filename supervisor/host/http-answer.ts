import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { setTimeout } from "node:timers";

export type HttpHandler = (request: Request) => Response | Promise<Response>;

/** How long whoever asked may take nothing of an answer that is ready. Units: milliseconds. */
const STALL_MS = 30_000;

/**
 * Asks the handler on behalf of a request of `node:http`, and writes its answer as fast as it is read. Resolves when the
 * answer is written or nobody takes it any more: then its source is told, and the connection is gone.
 * Errors: none. What is no request (no URL, a method that fetch forbids) is refused with 400.
 */
export async function answer(handler: HttpHandler, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const request = requestOf(incoming);
  try {
    const response = request === null ? new Response(null, { status: 400 }) : await handler(request);
    outgoing.statusCode = response.status;
    for (const [name, value] of response.headers) outgoing.appendHeader(name, value);
    // What it still wants to say behind an answer that came early is not waited for.
    if (request === null || !incoming.complete) outgoing.setHeader("connection", "close");
    if (response.body === null) outgoing.end();
    else await pump(response.body.getReader(), outgoing);
    if (!outgoing.writableFinished) await taken(outgoing, "finish");
  } catch {
    // The client is gone, takes nothing, or the source is at fault: whoever made it has been told.
    outgoing.destroy();
  }
}

function requestOf(incoming: IncomingMessage): Request | null {
  const { method = "GET", url = "/", rawHeaders, headers } = incoming;
  try {
    const target = url.startsWith("/") ? `http://${headers.host ?? "localhost"}${url}` : url;
    const given = new Headers();
    for (let at = 0; at + 1 < rawHeaders.length; at += 2) given.append(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
    if (method === "GET" || method === "HEAD") return new Request(target, { method, headers: given });
    const body: unknown = Readable.toWeb(incoming);
    return new Request(target, { method, headers: given, body, duplex: "half" } as RequestInit);
  } catch {
    // No URL, or a header or method that a Request does not take.
    return null;
  }
}

type Pieces = ReadableStreamDefaultReader<Uint8Array>;

/** Errors: throws when nobody takes it. */
async function pump(pieces: Pieces, outgoing: ServerResponse): Promise<void> {
  const leave = (): void => void pieces.cancel().catch(() => undefined);
  outgoing.once("close", leave);
  try {
    // A stream may have nothing to say for hours, and that it is open is an answer already.
    outgoing.flushHeaders();
    for (let next = await pieces.read(); !next.done; next = await pieces.read()) {
      if (!outgoing.write(next.value)) await taken(outgoing, "drain");
    }
    outgoing.end();
  } finally {
    outgoing.off("close", leave);
    leave();
  }
}

/** Errors: rejects when the connection is closed first, or when nothing is taken for too long. */
function taken(outgoing: ServerResponse, event: "drain" | "finish"): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => (): void => {
      clearTimeout(timer);
      outgoing.off(event, done).off("close", gone);
      end();
    };
    const done = settle(resolve);
    const gone = settle(() => reject(new Error("nobody takes the answer")));
    const timer = setTimeout(gone, STALL_MS);
    outgoing.once(event, done).once("close", gone);
    if (outgoing.destroyed) gone();
  });
}
