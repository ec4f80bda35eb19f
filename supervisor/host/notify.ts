import { chmodSync, mkdirSync, mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseDatagram } from "./datagram.ts";
import { cInt, errno, errnoName, errnoText, libc } from "./libc.ts";
import type { Reactor } from "./reactor.ts";
import { receive } from "./recvmsg.ts";
import { AF_UNIX, unixPathFits, unixSockaddr } from "./sockaddr.ts";

const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_PASSCRED = 16;
/** Read before others get their turn. A queue holds 10 or 512 (net.unix.max_dgram_qlen), so one round empties it. */
const DATAGRAMS_PER_ROUND = 512;

/** The socket that one invocation reports on. One each: a late voice of a dead generation has nowhere to arrive. */
export type NotifySocket = Readonly<{
  path: string;
  close(): void;
}>;

export type NotifyHeard = (pid: number, fields: Readonly<Record<string, string>>) => void;

/** Opens notify sockets, each at a path of its own below one directory. */
export type NotifySockets = Readonly<{
  /** `leader`: asked at each message, since the pid is not known before the socket must exist. Errors: throws a system error with its `code`. */
  open(name: string, leader: () => number, heard: NotifyHeard): NotifySocket;
  /** Removes the directory when it is one that was made in place of a too long one. */
  close(): void;
}>;

export function createNotifySockets(reactor: Reactor, runtimeDir: string): NotifySockets {
  let shortened: string | null = null;
  const place = (name: string): string => {
    const path = join(runtimeDir, `${name}.notify`);
    if (unixPathFits(path)) {
      mkdirSync(runtimeDir, { recursive: true, mode: 0o700 });
      return path;
    }
    shortened ??= mkdtempSync(join(tmpdir(), "supervisor-"));
    return join(shortened, `${name}.notify`);
  };
  return {
    open: (name, leader, heard) => openSocket({ reactor, path: place(name), leader, heard }),
    close: () => {
      if (shortened !== null) rmdirSync(shortened);
      shortened = null;
    },
  };
}

type Opening = Readonly<{ reactor: Reactor; path: string; leader: () => number; heard: NotifyHeard }>;

function openSocket({ reactor, path, leader, heard }: Opening): NotifySocket {
  rmSync(path, { force: true });
  const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const address = unixSockaddr(path);
  if (fd < 0 || libc.bind(fd, address, address.length) < 0) {
    const code = errno();
    if (fd >= 0) libc.close(fd);
    throw Object.assign(new Error(`${path}: ${errnoText(code)}`), { code: errnoName(code) });
  }
  libc.setsockopt(fd, SOL_SOCKET, SO_PASSCRED, cInt(1), 4);
  chmodSync(path, 0o600);

  const read = (): void => {
    for (let i = 0; i < DATAGRAMS_PER_ROUND; i++) {
      const message = receive(fd);
      if (message === null) return;
      const fields = message.whole && isOurs(message.pid, message.uid, leader()) ? parseDatagram(message.bytes) : null;
      if (fields) heard(message.pid, fields);
      // Only now: closing the descriptor is the answer to BARRIER=1, "all before it has been heard".
      for (const attached of message.fds) libc.close(attached);
    }
  };

  reactor.watch(fd, read);
  return {
    path,
    close: () => {
      reactor.unwatch(fd);
      libc.close(fd);
      rmSync(path, { force: true });
    },
  };
}

/**
 * Whether a sender belongs to the session that `leader` leads.
 * Why a sender that cannot be looked up any more is believed when its user is ours: a helper such as `systemd-notify`
 * ends right after sending, and another user's process cannot reach the socket (mode 0600, directory 0700) in the first place.
 */
function isOurs(pid: number, uid: number, leader: number): boolean {
  const session = libc.getsid(pid);
  if (session >= 0) return session === leader;
  return uid === process.geteuid?.();
}
