import { libc } from "./libc.ts";
import { CMSG_HEADER_BYTES, CONTROL_AT, CONTROL_LENGTH_FIELD, messageBlock, PAYLOAD_LENGTH_FIELD } from "./msghdr.ts";

const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** The most that the kernel passes in one message. Source: unix(7), SCM_MAX_FD. */
const MOST_DESCRIPTORS = 253;
const PAYLOAD_SIZE_BYTES = 4096;

const { block, view, payloadAt } = messageBlock(CMSG_HEADER_BYTES + MOST_DESCRIPTORS * 4 + 4, PAYLOAD_SIZE_BYTES);
view.setInt32(CONTROL_AT + 8, SOL_SOCKET, true);
view.setInt32(CONTROL_AT + 12, SCM_RIGHTS, true);

/**
 * Sends one message with descriptors over a unix socket; the receiver gets copies of its own. At least one byte of text.
 * False when it does not fit: into the queue, or into one message. Source: sendmsg(2), unix(7).
 */
export function sendDescriptors(fd: number, text: string, fds: readonly number[]): boolean {
  const payload = new TextEncoder().encode(text);
  if (payload.length > PAYLOAD_SIZE_BYTES || fds.length > MOST_DESCRIPTORS) return false;
  block.set(payload, payloadAt);
  view.setBigUint64(PAYLOAD_LENGTH_FIELD, BigInt(payload.length), true);
  const length = CMSG_HEADER_BYTES + fds.length * 4;
  view.setBigUint64(CONTROL_LENGTH_FIELD, BigInt((length + 7) & ~7), true);
  view.setBigUint64(CONTROL_AT, BigInt(length), true);
  for (const [index, each] of fds.entries()) view.setInt32(CONTROL_AT + CMSG_HEADER_BYTES + index * 4, each, true);
  return libc.sendmsg(fd, block, MSG_DONTWAIT | MSG_NOSIGNAL) === payload.length;
}
