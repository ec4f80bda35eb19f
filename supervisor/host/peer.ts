import type { Socket } from "node:net";
import process from "node:process";
import { bytes, cInt, libc } from "./libc.ts";

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

/**
 * Whether whoever is at the other end of a unix connection may give us orders: our own user, or root, by the kernel's word.
 * True where it gives none: TCP, and a runtime that does not tell the descriptor; there a token, and the path's mode, protect us.
 * Source: unix(7), SO_PEERCRED.
 */
export function mayOrder(socket: Socket): boolean {
  const { fd } = (socket as unknown as Readonly<{ _handle?: Readonly<{ fd?: number }> | null }>)._handle ?? {};
  const uid = fd === undefined || fd < 0 ? null : peerUid(fd);
  return uid === null || uid === 0 || uid === process.geteuid?.();
}

function peerUid(fd: number): number | null {
  const credentials = bytes(12);
  if (libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, cInt(credentials.length)) < 0) return null;
  const view = new DataView(credentials.buffer);
  // A socket that has no peer credentials, TCP's for one, names the process 0.
  return view.getInt32(0, true) === 0 ? null : view.getUint32(4, true);
}
