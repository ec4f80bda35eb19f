import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { closeFrame, decode, encode, type Frame, OPCODE } from "./frames.ts";
import { MAX_MESSAGE_BYTES, type OpenSocket, type SocketBook, type Wire } from "./sockets.ts";
import type { WebSocketHandlers } from "./web-socket.ts";

/** What was upgraded, and the bytes that had come behind the request. */
export type Connection = Readonly<{ socket: Socket; head: Uint8Array }>;

/** Source: RFC 6455, section 1.3. */
const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const PROTOCOL_ERROR = 1002;
const INVALID_TEXT = 1007;
const TOO_BIG = 1009;
const NO_CODE = 1005;
const ABNORMAL = 1006;

/**
 * Speaks the WebSocket protocol on a connection of `node:http`, where neither runtime does it for us.
 * Gives false, with nothing written, when the request is no handshake. Source: RFC 6455.
 */
export function openFramed(
  { headers }: IncomingMessage,
  { socket, head }: Connection,
  sockets: SocketBook,
  handlers: WebSocketHandlers,
): boolean {
  const key = headers["sec-websocket-key"];
  if (key === undefined || headers["sec-websocket-version"] !== "13") return false;
  const accept = createHash("sha1").update(`${key}${KEY_SUFFIX}`).digest("base64");
  const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
  socket.write(`${lines.join("\r\n")}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  const say = lastWordOn(socket);
  const wire: Wire = {
    send: (data) => void socket.write(messageOf(data)),
    behindBytes: () => socket.writableLength,
    close: say,
    cut: () => void socket.destroy(),
  };
  const entry = sockets.enter(wire, handlers);
  entry.opened();
  read({ socket, head }, entry, say);
  return true;
}

/** Says close, once: the first word counts, whoever it came from. */
function lastWordOn(socket: Socket): (code: number, reason: string) => void {
  let isSaid = false;
  return (code, reason) => {
    if (isSaid || socket.destroyed) return;
    isSaid = true;
    socket.write(closeFrame(code, reason));
  };
}

/** Reads until either side has closed; what comes behind the client's close is not looked at. */
function read({ socket, head }: Connection, entry: OpenSocket, say: (code: number, reason: string) => void): void {
  const message = assembly();
  let behind: Uint8Array = new Uint8Array(0);
  let isOver = false;

  const end = (code: number, reason: string): void => {
    isOver = true;
    // The same code is the answer to a client that closes, and the last word to one that broke the protocol.
    say(code, reason);
    socket.end();
    entry.closed(code, reason);
  };
  const gather = (frame: Frame): void => {
    const whole = message(frame);
    if (typeof whole === "number") end(whole, "");
    else if (whole !== null) entry.message(whole);
  };
  const take = (frame: Frame): void => {
    if (isOver) return;
    if (frame.opcode === OPCODE.close) end(...heardIn(frame.payload));
    else if (frame.opcode === OPCODE.ping) socket.write(encode(OPCODE.pong, frame.payload));
    else if (frame.opcode !== OPCODE.pong) gather(frame);
  };
  const hear = (chunk: Uint8Array): void => {
    if (isOver) return;
    const decoded = decode(behind.length === 0 ? chunk : Buffer.concat([behind, chunk]), MAX_MESSAGE_BYTES);
    if (!decoded.ok) {
      end(decoded.code, "");
      return;
    }
    behind = decoded.rest;
    decoded.frames.forEach(take);
  };

  socket.on("data", hear);
  socket.on("end", () => socket.end());
  // A close follows.
  socket.on("error", () => {});
  socket.on("close", () => entry.closed(ABNORMAL, ""));
  if (head.length > 0) hear(head);
}

/** Puts the fragments of a message together: gives it when it is whole, null before, a code when it is none. */
function assembly() {
  let parts: Uint8Array[] = [];
  let sizeBytes = 0;
  let opcode: number = OPCODE.more;

  return (frame: Frame): string | Uint8Array | number | null => {
    const isFirst = frame.opcode !== OPCODE.more;
    if (isFirst !== (opcode === OPCODE.more)) return PROTOCOL_ERROR;
    if (isFirst) opcode = frame.opcode;
    parts.push(frame.payload);
    sizeBytes += frame.payload.length;
    if (sizeBytes > MAX_MESSAGE_BYTES) return TOO_BIG;
    if (!frame.isLast) return null;
    const [bytes, kind] = [Buffer.concat(parts), opcode];
    parts = [];
    sizeBytes = 0;
    opcode = OPCODE.more;
    return kind === OPCODE.text ? textOf(bytes) : new Uint8Array(bytes);
  };
}

function textOf(bytes: Uint8Array): string | number {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // RFC 6455, section 8.1: text that is not UTF-8 fails the connection.
    return INVALID_TEXT;
  }
}

function messageOf(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? encode(OPCODE.text, Buffer.from(data)) : encode(OPCODE.binary, data);
}

function heardIn(payload: Uint8Array): [code: number, reason: string] {
  if (payload.length < 2) return [NO_CODE, ""];
  return [((payload[0] ?? 0) << 8) | (payload[1] ?? 0), new TextDecoder().decode(payload.subarray(2))];
}
