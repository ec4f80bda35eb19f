import { chmodSync, rmSync, statSync } from "node:fs";
import process from "node:process";
import { type HttpHandler, type HttpPlace, type HttpServer, runtime } from "./runtime.ts";
import { unixSockaddr } from "./sockaddr.ts";
import { whoAnswers } from "./socket.ts";

/** Between two attempts to serve again where a server was lost. */
const AGAIN_MS = 100;

/**
 * Serves HTTP on the runtime's own server. A unix socket is made for the owner alone (0600); a path that a dead process
 * left behind is replaced. A server that ends by itself is followed by another one at the same place.
 * Errors: throws what the runtime throws, EADDRINUSE when somebody answers at the path or port.
 */
export function serveHttp(handler: HttpHandler, place: HttpPlace): Omit<HttpServer, "lost"> {
  let server = open(handler, place);
  let isOver = false;
  const { address } = server;
  const same: HttpPlace = "path" in place ? place : { ...place, port: Number(address.split(":").at(-1)) };
  const follow = (): void => {
    if (isOver) return;
    try {
      server = open(handler, same);
      void server.lost.then(follow);
    } catch {
      // What the last one ended by is still so.
      setTimeout(follow, AGAIN_MS).unref();
    }
  };
  void server.lost.then(follow);
  const end = (how: "finish" | "close") => (): Promise<void> => {
    isOver = true;
    return server[how]();
  };
  return { address, finish: end("finish"), close: end("close") };
}

function open(handler: HttpHandler, place: HttpPlace): HttpServer {
  if (!("path" in place)) return runtime.serve(handler, place);
  const { path } = place;
  clearLeftOver(path);
  const before = process.umask(0o177);
  try {
    const server = runtime.serve(handler, place);
    chmodSync(path, 0o600);
    return server;
  } finally {
    process.umask(before);
  }
}

function clearLeftOver(path: string): void {
  if (!statSync(path, { throwIfNoEntry: false })?.isSocket()) return;
  if (whoAnswers(unixSockaddr(path)) !== null) {
    throw Object.assign(new Error(`${path} is already in use`), { code: "EADDRINUSE" });
  }
  rmSync(path);
}
