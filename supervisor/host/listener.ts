import { isIP } from "node:net";
import { resolve } from "node:path";
import type { Listener, Listeners } from "../daemon/ports.ts";
import { type Outcome, ok } from "../unit/fault.ts";
import type { BindableSocket } from "../unit/unit.ts";
import { boundPlace } from "./bound-place.ts";
import { hostAddress } from "./hosts.ts";
import { socketInode } from "./inode.ts";
import { libc } from "./libc.ts";
import { listenAgain } from "./listen-again.ts";
import { bindFailed, listenerFailed } from "./listener-fault.ts";
import { AF_INET, AF_INET6, boundAddress, tcpSockaddr, tcpText } from "./sockaddr.ts";
import { bindSocket, listenOn, type Made, makeSocket } from "./socket.ts";
import { bindAbstract, bindUnixPath, type PathIdentity, unlinkIfSame } from "./unixpath.ts";

const EAFNOSUPPORT = 97;
const EADDRNOTAVAIL = 99;

type Passed = ReadonlyMap<string, number>;

/**
 * The real listeners. A descriptor that is opened here is never accepted from and never shut down, only lent.
 * `passed`: the descriptors that a service manager opened for us, by `UNIT.LISTENER`. `found`: those of a supervisor that was
 * killed, which are ours from now on where they still are what the unit wants.
 */
export function createListeners(passed: Passed = new Map(), found: Passed = new Map()): Listeners {
  const paths = new Map<number, PathIdentity>();
  const left = new Map(found);

  const reopen = (unit: string, socket: BindableSocket): Listener | null => {
    const fd = left.get(`${unit}.${socket.name}`);
    if (fd === undefined) return null;
    left.delete(`${unit}.${socket.name}`);
    const bound = boundPlace(fd, socket.address);
    if (bound === null) {
      libc.close(fd);
      return null;
    }
    if (bound.identity) paths.set(fd, bound.identity);
    return listenerOf(socket, fd, bound.address);
  };

  const open = (unit: string, socket: BindableSocket): Outcome<Listener> => {
    const { address } = socket;
    const fd = passed.get(`${unit}.${socket.name}`);
    if (fd !== undefined) return ok(listenerOf(socket, fd, passedAddress(fd, address)));
    const again = reopen(unit, socket);
    if (again) return ok(again);
    if (address.tag === "tcp") return openTcp(socket, address.host, address.port);
    if (address.path.startsWith("@")) {
      const bound = bindAbstract(socket, address.path);
      return bound.ok ? ok(listenerOf(socket, bound.value, address.path)) : bound;
    }
    const path = resolve(address.path);
    const bound = bindUnixPath(socket, path);
    if (!bound.ok) return bound;
    paths.set(bound.value.fd, bound.value.identity);
    return ok(listenerOf(socket, bound.value.fd, path));
  };

  const close = ({ fd }: Listener): void => {
    const identity = paths.get(fd);
    if (identity) unlinkIfSame(identity);
    paths.delete(fd);
    libc.close(fd);
  };

  return {
    open,
    assertBacklog: ({ fd }, backlog) => {
      libc.listen(fd, backlog);
    },
    mend: listenAgain,
    close,
  };
}

function openTcp(socket: BindableSocket, wanted: string, port: number): Outcome<Listener> {
  const host = hostAddress(wanted);
  if (host === null) {
    return listenerFailed(socket, `${wanted}: /etc/hosts has no such name; an address such as 127.0.0.1 is needed`);
  }
  let made = bindTcp(socket, host, port);
  const without6 = !made.ok && (made.errno === EAFNOSUPPORT || made.errno === EADDRNOTAVAIL);
  // Every address was asked for, and this machine has no IPv6: then every IPv4 address it is.
  if (without6 && wanted === "" && socket.bindIpv6Only !== "ipv6-only") made = bindTcp(socket, "0.0.0.0", port);
  if (!made.ok) return bindFailed(socket, made.errno);
  const bound = boundAddress(made.fd);
  return ok(listenerOf(socket, made.fd, bound ? tcpText(bound.host, bound.port) : tcpText(host, port)));
}

function bindTcp(socket: BindableSocket, host: string, port: number): Made {
  const made = makeSocket(socket, isIP(host) === 6 ? AF_INET6 : AF_INET);
  const bound = made.ok ? bindSocket(made.fd, tcpSockaddr(host, port)) : made;
  return bound.ok ? listenOn(bound.fd, socket) : bound;
}

/** What it is really bound to: the manager's configuration may be older than the unit. */
function passedAddress(fd: number, configured: BindableSocket["address"]): string {
  const bound = boundAddress(fd);
  if (bound) return tcpText(bound.host, bound.port);
  return configured.tag === "unix" ? configured.path : tcpText(configured.host, configured.port);
}

function listenerOf({ name }: BindableSocket, fd: number, address: string): Listener {
  return { name, fd, address, inode: socketInode(fd) };
}
