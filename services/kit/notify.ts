import { type Libc, libc } from "./libc.ts";
import { socketAddress } from "./socket-address.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDTIMEO = 21;
const MSG_NOSIGNAL = 0x4000;

/** The receiver ignores longer messages. Source: sd_notify(3), systemd's receive buffer. */
const MAX_MESSAGE_BYTES = 4096;

/** How long a full queue may hold the sender up. Units: microseconds, below one second. */
const SEND_TIMEOUT_US = 500_000n;

let taken: string | undefined;

/**
 * Sends one datagram to NOTIFY_SOCKET, a path or an abstract `@name`, and says whether it was handed over.
 * Shape: `{ READY: "1", STATUS: "warm" }`. A line break in a value becomes a space; what is longer than one message is cut.
 * Errors: none. Without NOTIFY_SOCKET, without libc or without a listener nothing happens; a service runs without a supervisor too.
 * Source: sd_notify(3).
 */
export function notify(fields: Readonly<Record<string, string>>): boolean {
  const target = notifySocket();
  if (!target || (target[0] !== "/" && target[0] !== "@")) return false;
  const c = libc();
  const address = socketAddress(target);
  if (!c || !address) return false;
  return sendDatagram(c, address, message(fields));
}

/**
 * Gives where the supervisor listens. The first call takes it out of the environment, so that a child of this process
 * does not speak in its name.
 */
export function notifySocket(): string | undefined {
  taken ??= process.env.NOTIFY_SOCKET;
  delete process.env.NOTIFY_SOCKET;
  return taken;
}

function message(fields: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const lines = Object.entries(fields).map(([key, value]) => `${key}=${value.replace(/[\r\n\0]+/g, " ")}`);
  const bytes = new TextEncoder().encode(lines.join("\n"));
  if (bytes.length <= MAX_MESSAGE_BYTES) return bytes;
  // A stream's decoder keeps back a character that was cut in two: the receiver ignores text that is not UTF-8.
  const whole = new TextDecoder().decode(bytes.subarray(0, MAX_MESSAGE_BYTES), { stream: true });
  return new TextEncoder().encode(whole);
}

function sendDatagram(c: Libc, address: Uint8Array<ArrayBuffer>, payload: Uint8Array<ArrayBuffer>): boolean {
  const fd = c.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  // READY must not be lost to a queue that is full for a moment, nor may a supervisor that hangs hang its services.
  const limit = new Uint8Array(16);
  new DataView(limit.buffer).setBigInt64(8, SEND_TIMEOUT_US, true);
  c.setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, limit, limit.length);
  const sent =
    c.connect(fd, address, address.length) === 0 && c.send(fd, payload, BigInt(payload.length), MSG_NOSIGNAL) >= 0;
  c.close(fd);
  return sent;
}
