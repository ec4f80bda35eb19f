import { libc } from "./libc.ts";
import { CMSG_HEADER_BYTES, CONTROL_AT, CONTROL_LENGTH_FIELD, FLAGS_FIELD, messageBlock } from "./msghdr.ts";

const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const SCM_CREDENTIALS = 2;
const SCM_PIDFD = 4;
const MSG_CTRUNC = 0x8;
const MSG_DONTWAIT = 0x40;
const MSG_CMSG_CLOEXEC = 0x40000000;

/** Credentials, a pidfd, and 253 descriptors: the most that the kernel passes in one message. */
const CONTROL_SIZE_BYTES = 1112;
/** One more than sd_notify allows, so that a message over the bound, cut or not, is seen to be over it. */
const PAYLOAD_SIZE_BYTES = 4097;

const { block, view, payloadAt } = messageBlock(CONTROL_SIZE_BYTES, PAYLOAD_SIZE_BYTES);

/** One datagram with its sender, as the kernel vouches for it. */
export type Message = Readonly<{
  /** Valid until the next `receive`. */
  bytes: Uint8Array;
  /** False when the descriptors or the sender did not arrive complete: such a message counts as none. */
  whole: boolean;
  pid: number;
  uid: number;
  /** The sender itself, where the socket has SO_PASSPIDFD. The receiver's too. */
  pidfd: number | null;
  /** They are the receiver's now, and it must close them. */
  fds: readonly number[];
}>;

/**
 * The next datagram in the queue of a socket with SO_PASSCRED, or null when there is none. `flags`: MSG_PEEK, to leave it there.
 * Source: recvmsg(2), unix(7).
 */
export function receive(fd: number, flags = 0): Message | null {
  view.setBigUint64(CONTROL_LENGTH_FIELD, BigInt(CONTROL_SIZE_BYTES), true);
  const size = libc.recvmsg(fd, block, flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (size < 0) return null;
  const told = view.getInt32(FLAGS_FIELD, true);
  const { credentials, pidfd, fds } = readControl(Number(view.getBigUint64(CONTROL_LENGTH_FIELD, true)));
  return {
    bytes: block.subarray(payloadAt, payloadAt + size),
    whole: (told & MSG_CTRUNC) === 0 && credentials !== null,
    pid: credentials?.pid ?? 0,
    uid: credentials?.uid ?? -1,
    pidfd,
    fds,
  };
}

type Control = Readonly<{ credentials: { pid: number; uid: number } | null; pidfd: number | null; fds: number[] }>;

function readControl(length: number): Control {
  let credentials: Control["credentials"] = null;
  let pidfd: number | null = null;
  const fds: number[] = [];
  const end = CONTROL_AT + length;
  for (let at = CONTROL_AT; at + CMSG_HEADER_BYTES <= end; ) {
    const size = Number(view.getBigUint64(at, true));
    if (size < CMSG_HEADER_BYTES) break;
    const type = view.getInt32(at + 8, true) === SOL_SOCKET ? view.getInt32(at + 12, true) : 0;
    const data = at + CMSG_HEADER_BYTES;
    if (type === SCM_CREDENTIALS) credentials = { pid: view.getInt32(data, true), uid: view.getUint32(data + 4, true) };
    // Negative: the errno that there is none for.
    if (type === SCM_PIDFD) pidfd = Math.max(-1, view.getInt32(data, true));
    if (type === SCM_RIGHTS)
      for (let each = data; each + 4 <= at + size; each += 4) fds.push(view.getInt32(each, true));
    at += (size + 7) & ~7;
  }
  return { credentials, pidfd: pidfd === -1 ? null : pidfd, fds };
}
