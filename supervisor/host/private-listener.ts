import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { PrivateListener, PrivateListeners } from "../daemon/ports.ts";
import { fail, type Outcome, ok } from "../unit/fault.ts";
import { socketInode } from "./inode.ts";
import { errno, errnoText, libc } from "./libc.ts";
import type { Parcel, Parking } from "./parking.ts";
import { reasonOf } from "./reason.ts";
import { AF_UNIX, unixPathFits, unixSockaddr } from "./sockaddr.ts";

const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
/** How many questions may wait; a service that never accepts here is asked no more often than its probes' periods say. */
const BACKLOG = 64;

/** How one is called where it is parked. */
const PARCELS = "private ";

/**
 * The real private listeners, at `<runtimeDir>/<invocation>.private` (0600), or in a directory of $TMPDIR that only we may
 * enter when that path is too long for a socket. Why never the unit's user's: who accepts needs no right to the path, and
 * nobody but the supervisor is to ask. `past`: the invocations of another supervisor that are gone on with.
 */
export function createPrivateListeners(
  runtimeDir: string,
  parking: Parking | null = null,
  past: ReadonlyMap<string, unknown> = new Map(),
  parcels: ReadonlyMap<string, Parcel> = new Map(),
): PrivateListeners {
  const open = new Map<string, PrivateListener>();
  for (const invocation of past.keys()) {
    const { fds: [fd] = [], about: path = "" } = parcels.get(PARCELS + invocation) ?? {};
    if (fd === undefined) continue;
    open.set(invocation, { fd, path, inode: socketInode(fd) });
    parking?.park(PARCELS + invocation, [fd], path);
  }
  let shortened: string | null = null;

  /** Errors: throws what `node:fs` throws. */
  const place = (name: string): string => {
    const path = join(runtimeDir, name);
    if (unixPathFits(path)) {
      mkdirSync(runtimeDir, { recursive: true, mode: 0o700 });
      return path;
    }
    shortened ??= mkdtempSync(join(tmpdir(), "supervisor-"));
    return join(shortened, name);
  };

  return {
    open(invocation) {
      try {
        const path = place(`${invocation}.private`);
        const fd = bound(path);
        if (fd < 0) return failed(`${path}: ${errnoText(-fd)}`);
        const listener = { fd, path, inode: socketInode(fd) };
        open.set(invocation, listener);
        parking?.park(PARCELS + invocation, [fd], path);
        return ok(listener);
      } catch (error) {
        return failed(`${runtimeDir}: ${reasonOf(error)}`);
      }
    },
    of: (invocation) => open.get(invocation) ?? null,
    close(invocation) {
      const listener = open.get(invocation);
      if (!listener) return;
      open.delete(invocation);
      parking?.free(PARCELS + invocation);
      libc.close(listener.fd);
      rmSync(listener.path, { force: true });
      if (open.size > 0 || shortened === null) return;
      rmdirSync(shortened);
      shortened = null;
    },
  };
}

/** The descriptor, or the errno that was in the way as a negative number. Nobody else can connect from the first moment on. */
function bound(path: string): number {
  rmSync(path, { force: true });
  const address = unixSockaddr(path);
  const fd = libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno();
  const before = process.umask(0o177);
  const isOpen = libc.bind(fd, address, address.length) === 0 && libc.listen(fd, BACKLOG) === 0;
  const code = isOpen ? 0 : errno();
  process.umask(before);
  if (isOpen) return fd;
  libc.close(fd);
  rmSync(path, { force: true });
  return -code;
}

function failed(message: string): Outcome<never> {
  return fail({ code: "listener-failed", message: `private listener: ${message}`, retry: "later" });
}
