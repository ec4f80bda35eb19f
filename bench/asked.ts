import { connect } from "node:net";

const BOUND_MS = 60_000;

/** From connect to the last byte of the answer on a control socket: what a client makes of it is the client's time. Units: milliseconds. */
export function asked(socketPath: string, path: string): Promise<number> {
  const beganAtMs = performance.now();
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    socket.setTimeout(BOUND_MS, () => socket.destroy(new Error(`no answer to ${path}`)));
    socket.on("error", reject);
    socket.on("close", () => resolve(performance.now() - beganAtMs));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: supervisor\r\nConnection: close\r\n\r\n`);
    socket.resume();
  });
}

/** Calls back with each event that is told from now on. Settled once the stream is open. */
export function hearEvents(socketPath: string, told: (text: string) => void): Promise<Readonly<{ close(): void }>> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    socket.on("error", reject);
    socket.setEncoding("utf8").on("data", (text: string) => {
      resolve({ close: () => socket.destroy() });
      told(text);
    });
    socket.write("GET /v1/events?follow=1&after=999999999 HTTP/1.1\r\nHost: supervisor\r\nConnection: close\r\n\r\n");
  });
}
