import type { Listener, Listeners } from "../daemon/ports.ts";
import { parseAddress } from "../unit/address.ts";
import { bytes, errno, libc } from "./libc.ts";
import { tcpSockaddr } from "./sockaddr.ts";

const EINVAL = 22;
const POLLHUP = 0x10;
const POLLRDHUP = 0x2000;
const POLLFD_BYTES = 8;
const REVENTS_AT = 6;

/**
 * Lets a TCP socket that was shut down listen again. Who waited in its queue is lost.
 * Why it is bound again: a port that the kernel chose is given up by a shutdown, though getsockname(2) still names it; listen(2)
 * alone would take any other. One that was asked for is kept, and to bind it again is refused.
 */
export const listenAgain: Listeners["mend"] = (listener, backlog) => {
  const { fd } = listener;
  if (!isShut(fd)) return "whole";
  return bindAgain(listener) && libc.listen(fd, backlog) === 0 && !isShut(fd) ? "mended" : "lost";
};

/** One that listens hangs up on nobody. */
function isShut(fd: number): boolean {
  const asked = bytes(POLLFD_BYTES);
  const view = new DataView(asked.buffer);
  view.setInt32(0, fd, true);
  view.setInt16(4, POLLRDHUP, true);
  return libc.poll(asked, 1, 0) > 0 && (view.getInt16(REVENTS_AT, true) & (POLLHUP | POLLRDHUP)) !== 0;
}

function bindAgain({ fd, address }: Listener): boolean {
  const wanted = parseAddress(address);
  if (wanted?.tag !== "tcp") return false;
  const sockaddr = tcpSockaddr(wanted.host, wanted.port);
  return libc.bind(fd, sockaddr, sockaddr.length) === 0 || errno() === EINVAL;
}
