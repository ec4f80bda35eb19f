import { chmodSync, chownSync, lstatSync, mkdirSync, rmSync, type Stats } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { type Outcome, ok } from "../unit/fault.ts";
import type { BindableSocket } from "../unit/unit.ts";
import { accountId, findAccount } from "./account.ts";
import { libc } from "./libc.ts";
import { addressBusy, bindFailed, listenerFailed } from "./listener-fault.ts";
import { reasonOf } from "./reason.ts";
import { AF_UNIX, unixPathFits, unixSockaddr } from "./sockaddr.ts";
import { bindSocket, listenOn, type Made, makeSocket, whoAnswers } from "./socket.ts";

/** Which file a bound path is, so that only this very file is ever removed. */
export type PathIdentity = Readonly<{ path: string; dev: number; ino: number }>;

export type BoundPath = Readonly<{ fd: number; identity: PathIdentity }>;

/**
 * Binds a socket to a path. What a dead process left there is removed first; the new file is nobody else's until it has its
 * mode and owner. Why not under another name and then moved: getsockname(2) would tell that other name for ever.
 * Errors: listener-busy when somebody answers there; listener-failed, also when the path is something else than a socket, when
 * there is no such user or group, and when it may not be given to them.
 */
export function bindUnixPath(socket: BindableSocket, path: string): Outcome<BoundPath> {
  if (!unixPathFits(path)) {
    return listenerFailed(socket, `${path}: a socket's path may have 107 bytes at most`);
  }
  const owner = ownerOf(socket);
  if (!owner.ok) return owner;
  let fd = -1;
  try {
    const old = lstatOrNull(path);
    if (old && !old.isSocket()) return listenerFailed(socket, `${path}: is there already and is not a socket`);
    if (old && whoAnswers(unixSockaddr(path)) !== null) return addressBusy(socket);
    mkdirSync(dirname(path), { recursive: true });
    if (old) rmSync(path);
    const bound = bindPrivately(socket, path);
    if (!bound.ok) return bindFailed(socket, bound.errno);
    fd = bound.fd;
    return settle(socket, { path, fd }, owner.value);
  } catch (error) {
    if (fd >= 0) {
      libc.close(fd);
      rmSync(path, { force: true });
    }
    return listenerFailed(socket, `${path}: ${reasonOf(error)}`);
  }
}

export function bindAbstract(socket: BindableSocket, path: string): Outcome<number> {
  if (!unixPathFits(path)) return listenerFailed(socket, `${path}: a socket's name may have 107 bytes at most`);
  const made = makeSocket(socket, AF_UNIX);
  const bound = made.ok ? bindSocket(made.fd, unixSockaddr(path)) : made;
  const listening = bound.ok ? listenOn(bound.fd, socket) : bound;
  return listening.ok ? ok(listening.fd) : bindFailed(socket, listening.errno);
}

/** Removes the path unless somebody has put another file there since. */
export function unlinkIfSame({ path, dev, ino }: PathIdentity): void {
  const now = lstatOrNull(path);
  if (now?.dev === dev && now.ino === ino) rmSync(path, { force: true });
}

/** Nobody can connect before the file has its mode: it begins as its owner's alone. */
function bindPrivately(socket: BindableSocket, path: string): Made {
  const before = process.umask(0o177);
  try {
    const made = makeSocket(socket, AF_UNIX);
    return made.ok ? bindSocket(made.fd, unixSockaddr(path)) : made;
  } finally {
    process.umask(before);
  }
}

/** Errors: throws what `node:fs` throws; the caller tidies up. */
function settle(
  socket: BindableSocket,
  { path, fd }: Readonly<{ path: string; fd: number }>,
  { uid, gid }: Owner,
): Outcome<BoundPath> {
  const { dev, ino } = lstatSync(path);
  const listening = listenOn(fd, socket);
  if (!listening.ok) {
    rmSync(path, { force: true });
    return bindFailed(socket, listening.errno);
  }
  if (uid !== null || gid !== null) chownSync(path, uid ?? -1, gid ?? -1);
  chmodSync(path, socket.socketMode);
  return ok({ fd, identity: { path, dev, ino } });
}

/** Null: as the supervisor's own. */
type Owner = Readonly<{ uid: number | null; gid: number | null }>;

/** A user without a group gives its own group, too. Source: systemd.socket(5), SocketUser=. */
function ownerOf(socket: BindableSocket): Outcome<Owner> {
  const { socketUser, socketGroup } = socket;
  const account = socketUser === "" ? null : findAccount(socketUser);
  if (socketUser !== "" && account === null) return listenerFailed(socket, `no user "${socketUser}"`);
  const own = account?.gid ?? null;
  const gid = socketGroup === "" ? own : accountId("/etc/group", socketGroup);
  if (socketGroup !== "" && gid === null) return listenerFailed(socket, `no group "${socketGroup}"`);
  return ok({ uid: account?.uid ?? null, gid });
}

function lstatOrNull(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
