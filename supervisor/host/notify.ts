import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDatagram } from "./datagram.ts";
import { cInt, cString, errno, errnoName, errnoText, libc } from "./libc.ts";
import type { Reactor } from "./reactor.ts";
import { type Message, receive } from "./recvmsg.ts";
import { AF_UNIX, unixPathFits, unixSockaddr } from "./sockaddr.ts";

const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_PASSCRED = 16;
const SO_PASSPIDFD = 76;
const MSG_PEEK = 2;
const EADDRINUSE = 98;
const SHUT_RD = 0;
const UNCHANGED = 0xffff_ffff;
/** Read before others get their turn. A queue holds 10 or 512 (net.unix.max_dgram_qlen), so one round empties it. */
const DATAGRAMS_PER_ROUND = 512;
/** States of a disk that keep nobody from being started. */
const FAILING_DISK: ReadonlySet<string> = new Set(["EROFS", "ENOSPC", "EDQUOT", "EIO"]);

/** The socket that one invocation reports on. One each: a late voice of a dead generation has nowhere to arrive. */
export type NotifySocket = Readonly<{
  fd: number;
  path: string;
  /** Hears what was said up to now, before it returns. */
  hear(): void;
  close(): void;
}>;

/** One message. `fds`: what was attached; whoever keeps one takes it out, the rest are closed after the call. */
export type Notice = Readonly<{ pid: number; fields: Readonly<Record<string, string>>; fds: Set<number> }>;

/** Who sent something, by the kernel's word. `pidfd`: null before Linux 6.5. */
export type Sender = Readonly<{ pid: number; uid: number; pidfd: number | null }>;

/** Whose a notify socket is. */
export type NotifyOwner = Readonly<{
  /** Whether the sender belongs to it. Asked at each message: its processes are not known before the socket must exist. */
  believes: (sender: Sender) => boolean;
  heard: (notice: Notice) => void;
  /** The user that it runs as, when that is somebody else than ourselves. */
  uid: number | null;
}>;

/** Opens notify sockets, each at a path of its own below one directory. */
export type NotifySockets = Readonly<{
  /** Errors: throws a system error with its `code`. */
  open(name: string, owner: NotifyOwner): NotifySocket;
  /** Goes on with one that another supervisor has opened: what was said meanwhile waits in it. */
  adopt(fd: number, path: string, owner: NotifyOwner): NotifySocket;
  /** Removes the directories that were made in place of the given one: for a path that is too long, and for other users. */
  close(): void;
}>;

export function createNotifySockets(reactor: Reactor, runtimeDir: string): NotifySockets {
  let shortened: string | null = null;
  let passable: string | null = null;
  const elsewhere = (name: string, isForeign: boolean): string => {
    if (isForeign) passable ??= makePassable();
    else shortened ??= mkdtempSync(join(tmpdir(), "supervisor-"));
    return join((isForeign ? passable : shortened) ?? "", `${name}.notify`);
  };
  return {
    open(name, owner) {
      const isForeign = owner.uid !== null;
      const path = join(runtimeDir, `${name}.notify`);
      if (isForeign || !unixPathFits(path)) return openSocket({ reactor, path: elsewhere(name, isForeign), owner });
      try {
        return openIn(runtimeDir, () => openSocket({ reactor, path, owner }));
      } catch (error) {
        if (!FAILING_DISK.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
        return openSocket({ reactor, path: elsewhere(name, false), owner });
      }
    },
    adopt: (fd, path, owner) => listenTo(fd, { reactor, path, owner }),
    close: () => {
      // One that is not empty holds the socket of somebody who is left on purpose.
      for (const made of [shortened, passable]) if (made !== null) rmSync(made, { recursive: true, force: true });
      shortened = passable = null;
    },
  };
}

/** A directory that others may go through but not list. Why: the state directory is closed to everybody but us. */
/** The folder is made when it turns out to be missing: mostly it is there. */
function openIn<T>(folder: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return open();
  }
}

function makePassable(): string {
  const path = mkdtempSync(join(tmpdir(), "supervisor-"));
  chmodSync(path, 0o711);
  return path;
}

type Opening = Readonly<{ reactor: Reactor; path: string; owner: NotifyOwner }>;

function openSocket({ reactor, path, owner }: Opening): NotifySocket {
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || !bind(fd, path) || !give(path, owner.uid)) {
    const code = errno();
    if (fd >= 0) libc.close(fd);
    rmSync(path, { force: true });
    throw Object.assign(new Error(`${path}: ${errnoText(code)}`), { code: errnoName(code) });
  }
  libc.setsockopt(fd, SOL_SOCKET, SO_PASSCRED, cInt(1), 4);
  // Refused by a kernel that has no such option: then there are no pidfds.
  libc.setsockopt(fd, SOL_SOCKET, SO_PASSPIDFD, cInt(1), 4);
  chmodSync(path, 0o600);
  return listenTo(fd, { reactor, path, owner });
}

function listenTo(fd: number, { reactor, path, owner }: Opening): NotifySocket {
  let isClosed = false;
  const read = (): void => {
    for (let i = 0; !isClosed && i < DATAGRAMS_PER_ROUND; i++) {
      // Heard, and only then taken: what a supervisor was killed over is heard by the next one.
      const message = receive(fd, MSG_PEEK);
      if (message === null) return;
      hear(message, owner);
      if (isClosed) return;
      drop(receive(fd));
    }
  };

  reactor.watch(fd, read);
  return {
    fd,
    path,
    hear: read,
    close: () => {
      isClosed = true;
      reactor.unwatch(fd);
      // A copy of it may be parked for a while: nobody is to wait until somebody hears him there.
      libc.shutdown(fd, SHUT_RD);
      libc.close(fd);
      try {
        rmSync(path, { force: true });
      } catch {
        // The disk can only be read any more. Nobody hears there now, and the next supervisor sweeps it away.
      }
    },
  };
}

function hear(message: Message, owner: NotifyOwner): void {
  const fields = message.whole ? parseDatagram(message.bytes) : null;
  const fds = new Set(message.fds);
  if (fields && owner.believes(message)) owner.heard({ pid: message.pid, fields, fds });
  if (message.pidfd !== null) libc.close(message.pidfd);
  for (const attached of fds) libc.close(attached);
}

/** Closing the descriptors for good is the answer to BARRIER=1, "all before it has been heard". */
function drop(message: Message | null): void {
  if (message?.pidfd != null) libc.close(message.pidfd);
  for (const attached of message?.fds ?? []) libc.close(attached);
}

/** What stands in the way is nobody's: each has a path of its own. Removed only then, since to look for it takes a disk's time. */
function bind(fd: number, path: string): boolean {
  const address = unixSockaddr(path);
  if (libc.bind(fd, address, address.length) === 0) return true;
  if (errno() !== EADDRINUSE) return false;
  rmSync(path, { force: true });
  return libc.bind(fd, address, address.length) === 0;
}

function give(path: string, uid: number | null): boolean {
  return uid === null || libc.chown(cString(path), uid, UNCHANGED) === 0;
}
