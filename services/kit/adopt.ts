import { setImmediate as turn } from "node:timers/promises";
import { isListening } from "./connections.ts";
import { inodeOf, oddityOf, type Registration, registrationsOf, unwatch, watch } from "./epoll.ts";
import type { Libc } from "./libc.ts";
import { addressOf } from "./socket-address.ts";

/** A listener that the runtime's loop watches, or the reason why it cannot. */
export type Adoption = Readonly<{ ok: true; registration: Registration } | { ok: false; reason: string }>;

const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;

/** The runtimes register a listener when it is opened; a few turns are patience for one that does it later. */
const PATIENCE_TURNS = 10;

/**
 * Puts the inherited socket in the place of a native server's own listener: same number, same registration, other socket.
 * The server then accepts from the inherited queue without knowing. The backlog is untouched: nobody calls listen(2).
 *
 * Why not EPOLLEXCLUSIVE: it wakes one process, and that may be the one which begins to drain at this very moment.
 * Errors: none are thrown; after `ok: false` the server must be stopped, and the inherited socket is as it was.
 */
export async function adopt(c: Libc, inheritedFd: number, nativeFd: number): Promise<Adoption> {
  const registrations = await awaitRegistrations(nativeFd);
  const [registration] = registrations;
  const oddity = oddityOf(registrations);
  if (!registration || oddity !== null) return { ok: false, reason: oddity ?? "" };

  // A blocking listener hangs the loop in accept(2) as soon as another generation was faster.
  const flags = c.fcntl(inheritedFd, F_GETFL, 0);
  if (flags < 0 || c.fcntl(inheritedFd, F_SETFL, flags | O_NONBLOCK) < 0) {
    return { ok: false, reason: `descriptor ${inheritedFd} cannot be made non-blocking` };
  }
  // The runtime's own socket is closed by this, and its registration goes with it.
  if (c.dup3(inheritedFd, nativeFd, O_CLOEXEC) < 0) {
    return { ok: false, reason: `descriptor ${inheritedFd} cannot take the place of the runtime's listener` };
  }
  if (watch(c, nativeFd, registration) && isProven(c, inheritedFd, nativeFd, registration)) {
    return { ok: true, registration };
  }
  unwatch(c, nativeFd, registration);
  return { ok: false, reason: "the runtime's loop did not take the inherited listener" };
}

async function awaitRegistrations(fd: number): Promise<readonly Registration[]> {
  for (let turns = 0; turns < PATIENCE_TURNS; turns += 1) {
    const registrations = registrationsOf(fd);
    if (registrations.length > 0) return registrations;
    await turn();
  }
  return [];
}

/** Asks the kernel, not ourselves: a connection to the address would prove nothing, another generation may accept it. */
function isProven(c: Libc, inheritedFd: number, nativeFd: number, wanted: Registration): boolean {
  const inode = inodeOf(inheritedFd);
  const address = addressOf(c, inheritedFd);
  const isSameSocket = inode !== null && inodeOf(nativeFd) === inode;
  const isSameAddress = address !== null && addressOf(c, nativeFd)?.text === address.text;
  const now = registrationsOf(nativeFd);
  const isWatched = now.length > 0 && now.every(({ events, data }) => events === wanted.events && data === wanted.data);
  return isSameSocket && isSameAddress && isWatched && isListening(c, nativeFd);
}
