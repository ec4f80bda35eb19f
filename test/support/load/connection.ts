import { type Response, readResponse } from "./response.ts";
import type { Failure } from "./tally.ts";
import * as wire from "./wire.ts";

export type Failed = Readonly<{ failure: Failure; detail: string }>;

/** What became of a request. */
export type Fate = Response | Failed;

/** One client connection. It is never repaired and never asks twice: what happens to it is the fate of the request on it. */
export interface Connection {
  /** Sends one request, as soon as the connection is made. Its fate is told to the connection's owner, once. */
  ask(request: string): void;
  /** When the server closed it, or it broke; null while it is open. Units: the clock of `performance.now()`. */
  readonly goneAtMs: number | null;
  /** What the server sent without being asked. Units: bytes. */
  readonly unaskedBytes: number;
  close(): void;
}

type State = {
  readonly fd: number;
  readonly settle: (fate: Fate) => void;
  isConnected: boolean;
  isWaiting: boolean;
  request: string | null;
  asked: number;
  received: Buffer;
  goneAtMs: number | null;
  goneBy: "eof" | "reset";
  unaskedBytes: number;
};

const MOST_CONNECTIONS = 60_000;
const NOTHING = Buffer.alloc(0);
const open = new Map<number, State>();

/** Connects. `settle` hears of each request that is asked on it. */
export function connect(target: wire.Target, settle: (fate: Fate) => void): Connection | Failed {
  const fd = wire.dial(target, MOST_CONNECTIONS);
  if (fd < 0) return connectFailure(-fd);
  const state: State = {
    fd,
    settle,
    isConnected: false,
    isWaiting: false,
    request: null,
    asked: 0,
    received: NOTHING,
    goneAtMs: null,
    goneBy: "eof",
    unaskedBytes: 0,
  };
  open.set(fd, state);
  return {
    ask: (request) => ask(state, request),
    get goneAtMs() {
      return state.goneAtMs;
    },
    get unaskedBytes() {
      return state.unaskedBytes;
    },
    close() {
      state.isWaiting = false;
      if (open.delete(fd)) wire.close(fd);
    },
  };
}

/** Something has happened on a descriptor. */
export function attend(fd: number, over: boolean): void {
  const state = open.get(fd);
  if (!state) return;
  const errno = over ? wire.errorOf(fd) : 0;
  const fate = state.isConnected || errno === 0 ? read(state, over, errno) : connectFailure(errno);
  if (fate && state.isWaiting) settle(state, fate);
}

function read(state: State, over: boolean, errno: number): Fate | null {
  state.isConnected = true;
  if (state.request !== null) transmit(state, state.request);
  return takeAll(state, over, errno);
}

function ask(state: State, request: string): void {
  state.asked++;
  state.isWaiting = true;
  state.received = NOTHING;
  if (state.isConnected) transmit(state, request);
  else state.request = request;
}

/** One that cannot be sent has met the end of the connection, which is read next. */
function transmit(state: State, request: string): void {
  state.request = null;
  if (wire.send(state.fd, request)) return;
  state.goneAtMs ??= performance.now();
  state.goneBy = "reset";
}

/** Reads what there is: all of it to the end when there is one, so that an answer and the end behind it are seen together. */
function takeAll(state: State, over: boolean, errno: number): Fate | null {
  let fate: Fate | null = null;
  for (;;) {
    const got = wire.receive(state.fd);
    if (got === -wire.EAGAIN) return fate;
    if (got <= 0) {
      state.goneAtMs ??= performance.now();
      if (got < 0 || errno !== 0) state.goneBy = "reset";
      return fate ?? lastWord(state);
    }
    if (state.isWaiting && !fate) fate = take(state, wire.incoming.subarray(0, got));
    else state.unaskedBytes += got;
    if (!over && got < wire.incoming.length) return fate;
  }
}

function take(state: State, chunk: Buffer): Fate | null {
  const bytes = state.received === NOTHING ? chunk : Buffer.concat([state.received, chunk]);
  const progress = readResponse(bytes, false);
  if (progress.tag === "whole") return progress.response;
  if (progress.tag === "broken") return { failure: "wrong-body", detail: progress.reason };
  state.received = bytes === chunk ? Buffer.from(chunk) : bytes;
  return null;
}

function settle(state: State, fate: Fate): void {
  state.isWaiting = false;
  state.settle(fate);
}

function connectFailure(errno: number): Failed {
  const detail = `error ${errno} at connect`;
  if (errno === wire.ECONNREFUSED || errno === wire.ENOENT) return { failure: "refused", detail };
  return { failure: errno === wire.ECONNRESET ? "reset-fresh" : "connect", detail };
}

/** What the end of a connection means for the request on it. */
function lastWord({ received, goneBy, asked }: State): Fate {
  const progress = readResponse(received, goneBy === "eof");
  if (progress.tag === "whole") return progress.response;
  if (received.length > 0) return { failure: "cut", detail: `${goneBy} after ${received.length} bytes` };
  const detail = `${goneBy} before the answer, request ${asked} of its connection`;
  return { failure: `${goneBy}-${asked > 1 ? "reused" : "fresh"}`, detail };
}
