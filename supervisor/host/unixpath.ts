import { randomBytes } from "node:crypto";
import { chmodSync, chownSync, lstatSync, mkdirSync, renameSync, rmSync, type Stats } from "node:fs";
import { dirname, join } from "node:path";
import { type Outcome, ok } from "../unit/fault.ts";
import type { Socket } from "../unit/unit.ts";
import { accountId } from "./account.ts";
import { libc } from "./libc.ts";
import { addressBusy, bindFailed, listenerFailed } from "./listener-fault.ts";
import { AF_UNIX, unixPathFits, unixSockaddr } from "./sockaddr.ts";
import { bindSocket, listenOn, makeSocket, whoAnswers } from "./socket.ts";

/** Which file a bound path is, so that only this very file is ever removed. */
export type PathIdentity = Readonly<{ path: string; dev: number; ino: number }>;

export type BoundPath = Readonly<{ fd: number; identity: PathIdentity }>;

/**
 * Binds a socket to a path. It comes into being under another name, gets its mode and owner, listens, and only then takes the path,
 * so that nobody ever finds it refused or with the wrong mode. A path that a dead process left behind is replaced in the same move.
 * Errors: listener-busy when somebody answers there; listener-failed, also when the path is something else than a socket.
 */
export function bindUnixPath(socket: Socket, path: string): Outcome<BoundPath> {
  const temporary = join(dirname(path), `.${randomBytes(4).toString("hex")}`);
  if (!unixPathFits(path) || !unixPathFits(temporary)) {
    return listenerFailed(socket, `${path}: a socket's path may have 107 bytes at most`);
  }
  let fd = -1;
  try {
    const old = lstatOrNull(path);
    if (old && !old.isSocket()) return listenerFailed(socket, `${path}: is there already and is not a socket`);
    if (old && whoAnswers(unixSockaddr(path)) !== null) return addressBusy(socket);
    mkdirSync(dirname(path), { recursive: true });
    const made = makeSocket(socket, AF_UNIX);
    const bound = made.ok ? bindSocket(made.fd, unixSockaddr(temporary)) : made;
    if (!bound.ok) return bindFailed(socket, bound.errno);
    fd = bound.fd;
    return settle({ socket, path, temporary, fd });
  } catch (error) {
    if (fd >= 0) libc.close(fd);
    rmSync(temporary, { force: true });
    return listenerFailed(socket, (error as Error).message);
  }
}

export function bindAbstract(socket: Socket, path: string): Outcome<number> {
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

type Settling = Readonly<{ socket: Socket; path: string; temporary: string; fd: number }>;

/** Errors: throws what `node:fs` throws; the caller tidies up. */
function settle({ socket, path, temporary, fd }: Settling): Outcome<BoundPath> {
  const { uid, gid } = ownerOf(socket);
  if (uid !== null || gid !== null) chownSync(temporary, uid ?? -1, gid ?? -1);
  chmodSync(temporary, socket.socketMode);
  const listening = listenOn(fd, socket);
  if (!listening.ok) {
    rmSync(temporary, { force: true });
    return bindFailed(socket, listening.errno);
  }
  const { dev, ino } = lstatSync(temporary);
  renameSync(temporary, path);
  return ok({ fd, identity: { path, dev, ino } });
}

function ownerOf({ socketUser, socketGroup }: Socket): Readonly<{ uid: number | null; gid: number | null }> {
  return {
    uid: socketUser === "" ? null : accountOf("/etc/passwd", socketUser),
    gid: socketGroup === "" ? null : accountOf("/etc/group", socketGroup),
  };
}

function accountOf(database: "/etc/passwd" | "/etc/group", name: string): number {
  const id = accountId(database, name);
  if (id === null) throw new Error(`${name}: is not in ${database}`);
  return id;
}

function lstatOrNull(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
