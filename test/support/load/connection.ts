import { connect, type Socket } from "node:net";
import { type Response, readResponse } from "./response.ts";
import type { Failure } from "./tally.ts";

export type Failed = Readonly<{ failure: Failure; detail: string }>;

/** One client connection. It is never repaired and never asks twice: what happens to it is the fate of the request on it. */
export interface Connection {
  /** Sends one request and waits for its fate. */
  ask(request: string): Promise<Response | Failed>;
  /** True when nothing further can be asked: the server closed it, or it broke. */
  gone(): boolean;
  close(): void;
}

/** Connects. Units: `limitMs` holds for the connect and for each request. Shape: address `127.0.0.1:8080`, `[::1]:8080` or `/run/api.sock`. */
export function open(address: string, limitMs: number): Promise<Connection | Failed> {
  return new Promise((resolve) => {
    const socket = dial(address);
    socket.setNoDelay(true);
    const timer = setTimeout(() => give({ failure: "timeout", detail: "not connected in time" }), limitMs);
    const onError = (error: NodeJS.ErrnoException) => give(connectFailure(error));
    socket.once("error", onError);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.off("error", onError);
      resolve(attend(socket, limitMs));
    });
    function give(failed: Failed): void {
      clearTimeout(timer);
      socket.on("error", ignoreLateError);
      socket.destroy();
      resolve(failed);
    }
  });
}

function dial(address: string): Socket {
  if (address.startsWith("/")) return connect(address);
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon).replace(/^\[|\]$/g, "");
  return connect(Number(address.slice(colon + 1)), host);
}

function connectFailure(error: NodeJS.ErrnoException): Failed {
  const detail = `${error.code} at connect`;
  if (error.code === "ECONNREFUSED" || error.code === "ENOENT") return { failure: "refused", detail };
  return { failure: error.code === "ECONNRESET" ? "reset-fresh" : "connect", detail };
}

/** The socket is given up already and its one fate is told; a second report of the same end adds nothing. */
function ignoreLateError(): void {}

type Waiting = { received: Buffer; settle: (fate: Response | Failed) => void };

function attend(socket: Socket, limitMs: number): Connection {
  const line = { waiting: null as Waiting | null, asked: 0, gone: false, excessBytes: 0 };
  socket.on("data", (chunk: Buffer) => {
    const { waiting } = line;
    if (!waiting) {
      line.excessBytes += chunk.length;
      return;
    }
    waiting.received = waiting.received.length === 0 ? chunk : Buffer.concat([waiting.received, chunk]);
    const progress = readResponse(waiting.received, false);
    if (progress.tag === "broken") waiting.settle({ failure: "wrong", detail: progress.reason });
    if (progress.tag === "whole") waiting.settle(progress.response);
  });
  const ended = (by: "eof" | "reset", detail: string) => {
    line.gone = true;
    line.waiting?.settle(lastWord(line.waiting.received, by, line.asked, detail));
  };
  socket.on("end", () => ended("eof", "closed before the answer"));
  socket.on("close", () => ended("eof", "closed before the answer"));
  socket.on("error", (error: NodeJS.ErrnoException) => ended("reset", `${error.code} before the answer`));
  return {
    ask(request) {
      line.asked++;
      const excess = line.excessBytes;
      if (excess > 0) return Promise.resolve({ failure: "wrong", detail: `${excess} bytes that nobody asked for` });
      return new Promise((resolve) => {
        const settle = (fate: Response | Failed) => {
          clearTimeout(timer);
          line.waiting = null;
          resolve(fate);
        };
        const timer = setTimeout(() => settle({ failure: "timeout", detail: `request ${line.asked}` }), limitMs);
        line.waiting = { received: Buffer.alloc(0), settle };
        socket.write(request);
      });
    },
    gone: () => line.gone,
    close: () => void socket.destroy(),
  };
}

/** What the end of a connection means for the request on it. */
function lastWord(received: Buffer, by: "eof" | "reset", asked: number, detail: string): Response | Failed {
  const progress = readResponse(received, by === "eof");
  if (progress.tag === "whole") return progress.response;
  if (received.length > 0) return { failure: "cut", detail: `${by} after ${received.length} bytes` };
  return {
    failure: `${by}-${asked > 1 ? "reused" : "fresh"}`,
    detail: `${detail}, request ${asked} of its connection`,
  };
}
