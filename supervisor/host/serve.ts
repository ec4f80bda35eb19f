import { chmodSync, rmSync, statSync } from "node:fs";
import process from "node:process";
import { type HttpHandler, type HttpPlace, type HttpServer, runtime } from "./runtime.ts";
import { unixSockaddr } from "./sockaddr.ts";
import { whoAnswers } from "./socket.ts";

/**
 * Serves HTTP on the runtime's own server. A unix socket is made for the owner alone (0600); a path that a dead process
 * left behind is replaced.
 * Errors: throws what the runtime throws, EADDRINUSE when somebody answers at the path or port.
 */
export function serveHttp(handler: HttpHandler, place: HttpPlace): HttpServer {
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
