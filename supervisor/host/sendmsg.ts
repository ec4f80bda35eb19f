import { bytes, libc } from "./libc.ts";
import { runtime } from "./runtime.ts";

const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

// One block holds msghdr, iovec, ancillary data and payload, with the addresses of its own parts written into it.
const IOVEC_AT = 56;
const CONTROL_AT = 72;
const CMSG_HEADER_BYTES = 16;
/** The most that the kernel passes in one message. Source: unix(7), SCM_MAX_FD. */
const MOST_DESCRIPTORS = 253;
const CONTROL_SIZE_BYTES = CMSG_HEADER_BYTES + MOST_DESCRIPTORS * 4 + 4;
const PAYLOAD_AT = CONTROL_AT + CONTROL_SIZE_BYTES;
const PAYLOAD_SIZE_BYTES = 4096;
const PAYLOAD_LENGTH_FIELD = IOVEC_AT + 8;
const CONTROL_LENGTH_FIELD = 40;

const block = bytes(PAYLOAD_AT + PAYLOAD_SIZE_BYTES);
const view = new DataView(block.buffer);
layOut();

/**
 * Sends one message with descriptors over a unix socket; the receiver gets copies of its own. At least one byte of text.
 * False when it does not fit: into the queue, or into one message. Source: sendmsg(2), unix(7).
 */
export function sendDescriptors(fd: number, text: string, fds: readonly number[]): boolean {
  const payload = new TextEncoder().encode(text);
  if (payload.length > PAYLOAD_SIZE_BYTES || fds.length > MOST_DESCRIPTORS) return false;
  block.set(payload, PAYLOAD_AT);
  view.setBigUint64(PAYLOAD_LENGTH_FIELD, BigInt(payload.length), true);
  const length = CMSG_HEADER_BYTES + fds.length * 4;
  view.setBigUint64(CONTROL_LENGTH_FIELD, BigInt((length + 7) & ~7), true);
  view.setBigUint64(CONTROL_AT, BigInt(length), true);
  for (const [index, each] of fds.entries()) view.setInt32(CONTROL_AT + CMSG_HEADER_BYTES + index * 4, each, true);
  return libc.sendmsg(fd, block, MSG_DONTWAIT | MSG_NOSIGNAL) === payload.length;
}

function layOut(): void {
  const start = runtime.addressOf(block);
  view.setBigUint64(16, BigInt(start + IOVEC_AT), true);
  view.setBigUint64(24, 1n, true);
  view.setBigUint64(32, BigInt(start + CONTROL_AT), true);
  view.setBigUint64(IOVEC_AT, BigInt(start + PAYLOAD_AT), true);
  view.setInt32(CONTROL_AT + 8, SOL_SOCKET, true);
  view.setInt32(CONTROL_AT + 12, SCM_RIGHTS, true);
}
