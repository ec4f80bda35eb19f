import { bytes } from "./libc.ts";
import { runtime } from "./runtime.ts";

const IOVEC_AT = 56;
/** Where the ancillary data begins in the block of a message. */
export const CONTROL_AT = 72;
/** Where the length of the payload stands. */
export const PAYLOAD_LENGTH_FIELD = IOVEC_AT + 8;
/** Where the length of the ancillary data stands. */
export const CONTROL_LENGTH_FIELD = 40;
/** Where recvmsg(2) says what has become of the message. */
export const FLAGS_FIELD = 48;
export const CMSG_HEADER_BYTES = 16;

/** Room for one message. The payload begins at `payloadAt`. */
export type MessageBlock = Readonly<{ block: Uint8Array<ArrayBuffer>; view: DataView; payloadAt: number }>;

/**
 * One block with msghdr, iovec, ancillary data and payload, and the addresses of its own parts written into it.
 * Units: bytes. Source: recvmsg(2), cmsg(3).
 */
export function messageBlock(controlSize: number, payloadSize: number): MessageBlock {
  const payloadAt = CONTROL_AT + controlSize;
  const block = bytes(payloadAt + payloadSize);
  const view = new DataView(block.buffer);
  const start = runtime.addressOf(block);
  view.setBigUint64(16, BigInt(start + IOVEC_AT), true);
  view.setBigUint64(24, 1n, true);
  view.setBigUint64(32, BigInt(start + CONTROL_AT), true);
  view.setBigUint64(IOVEC_AT, BigInt(start + payloadAt), true);
  view.setBigUint64(PAYLOAD_LENGTH_FIELD, BigInt(payloadSize), true);
  return { block, view, payloadAt };
}
