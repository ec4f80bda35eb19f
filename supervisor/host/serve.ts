import { lstatSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { BindableSocket } from "../unit/unit.ts";
import type { Heirloom } from "./heirlooms.ts";
import type { HttpHandler } from "./http-answer.ts";
import { type HttpServer, openHttpServer } from "./http-server.ts";
import { bytes, errno, errnoText, libc } from "./libc.ts";
import { createListeners } from "./listener.ts";
import { lookOften } from "./often.ts";
import { bindUnixPath, type PathIdentity, unlinkIfSame } from "./unixpath.ts";

/** Where HTTP is served. Port 0 asks for any free one. */
export type HttpPlace = Readonly<{ path: string } | { hostname: string; port: number }>;

const BACKLOG = 4096;
/** Whoever was accepted has asked by then. Units: milliseconds. */
const ASK_MS = 50;
/** And has his answer by then, unless it is one without an end. Units: milliseconds. */
const ANSWER_MS = 250;
const F_DUPFD_CLOEXEC = 1030;
const POLLIN = 1;

/**
 * Serves HTTP at a place. A unix socket is made for the owner alone (0600); a path that a dead process left behind is
 * replaced, and one that is deleted is made anew as soon as its directory is there.
 * `heirloom`: what a program before this one has left of the place is gone on with.
 * Errors: throws when it cannot listen, with EADDRINUSE when somebody answers at the path or port.
 */
export function serveHttp(handler: HttpHandler, place: HttpPlace, heirloom: Heirloom = nothing): Served {
  return new Post(handler, place, heirloom);
}

export interface Served extends Pick<HttpServer, "finish" | "close"> {
  readonly address: string;
  /**
   * Leaves the place to the next program: nobody is accepted any more, and whoever connects waits for that one. Resolves when those
   * who were accepted have their answers, or have had a moment for them.
   */
  suspend(): Promise<void>;
  /** Goes on after all. */
  resume(): void;
}

/** A place, and who serves it at the moment. */
class Post implements Served {
  readonly address: string;
  readonly #handler: HttpHandler;
  readonly #place: HttpPlace;
  readonly #heirloom: Heirloom;
  #stopLooking: () => void;
  #bound: Bound;
  #server: HttpServer;
  /** How many it had accepted when somebody was found waiting; null: nobody was. */
  #waitedAt: number | null = null;

  constructor(handler: HttpHandler, place: HttpPlace, heirloom: Heirloom) {
    this.#handler = handler;
    this.#place = place;
    this.#heirloom = heirloom;
    this.#bound = inherited(heirloom) ?? bind(place);
    this.address = this.#bound.address;
    this.#server = openHttpServer(handler, copyOf(this.#bound.fd));
    this.#stopLooking = lookOften(() => this.#look());
  }

  async suspend(): Promise<void> {
    this.#stopLooking();
    const { fd, ...about } = this.#bound;
    this.#heirloom.leave(fd, JSON.stringify(about));
    this.#server.stopAccepting();
    await pause(ASK_MS);
    await Promise.race([this.#server.finish(), pause(ANSWER_MS)]);
  }

  resume(): void {
    this.#heirloom.keep();
    this.#replace(this.#bound);
    this.#stopLooking = lookOften(() => this.#look());
  }

  finish(): Promise<void> {
    this.#leave();
    return this.#server.finish();
  }

  close(): Promise<void> {
    this.#leave();
    return this.#server.close();
  }

  #leave(): void {
    this.#stopLooking();
    const { fd, identity } = this.#bound;
    if (fd >= 0) libc.close(fd);
    this.#bound = { ...this.#bound, fd: -1, identity: null };
    try {
      if (identity) unlinkIfSame(identity);
    } catch {
      // It can only be read any more: nobody answers there, and whoever comes next replaces it.
    }
  }

  /** Whether clients still find their way. */
  #look(): void {
    try {
      if (this.#isLost()) this.#rebind();
      else if (this.#isDeaf()) this.#replace(this.#bound);
    } catch {
      // Somebody else answers there, or no descriptor is left: the next look may find it otherwise.
    }
  }

  #isLost(): boolean {
    const { identity } = this.#bound;
    return identity !== null && !isThere(identity) && isDirectory(dirname(identity.path));
  }

  #rebind(): void {
    const lost = this.#bound.fd;
    this.#replace(bind(this.#place));
    libc.close(lost);
  }

  /** Deno's server never accepts again after it could not for want of a descriptor. */
  #isDeaf(): boolean {
    const count = this.#server.accepted();
    const isStuck = this.#waitedAt === count;
    const isAwaited = isReadable(this.#bound.fd);
    this.#waitedAt = isAwaited ? count : null;
    return isStuck && isAwaited;
  }

  /** Whoever waits for an answer of the one before has it. Errors: throws when no descriptor is left. */
  #replace(bound: Bound): void {
    const before = this.#server;
    this.#server = openHttpServer(this.#handler, copyOf(bound.fd));
    this.#bound = bound;
    this.#waitedAt = null;
    void before.finish();
  }
}

/** `identity`: null on TCP. */
type Bound = Readonly<{ fd: number; address: string; identity: PathIdentity | null }>;

const nothing: Heirloom = { take: () => null, leave: () => undefined, keep: () => undefined };

/** What another program has left of this place. Null: nothing, or a path that is another file by now. */
function inherited(heirloom: Heirloom): Bound | null {
  const left = heirloom.take();
  if (left === null) return null;
  const about = JSON.parse(left.about) as Omit<Bound, "fd">;
  if (about.identity === null || isThere(about.identity)) return { fd: left.fd, ...about };
  libc.close(left.fd);
  return null;
}

/** Errors: throws as `serveHttp` does. */
function bind(place: HttpPlace): Bound {
  if (!("path" in place)) {
    const found = createListeners().open("control", socketAt({ tag: "tcp", host: place.hostname, port: place.port }));
    if (!found.ok) throw refusal(found.faults[0]);
    return { fd: found.value.fd, address: found.value.address, identity: null };
  }
  const { path } = place;
  const bound = bindUnixPath(socketAt({ tag: "unix", path }), path);
  if (!bound.ok) throw refusal(bound.faults[0]);
  return { ...bound.value, address: path };
}

/** For a server to have and to close. Errors: throws when no descriptor is left. */
function copyOf(fd: number): number {
  const copy = libc.fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) throw new Error(errnoText(errno()));
  return copy;
}

function isReadable(fd: number): boolean {
  const asked = bytes(8);
  const view = new DataView(asked.buffer);
  view.setInt32(0, fd, true);
  view.setInt16(4, POLLIN, true);
  return libc.poll(asked, 1, 0) > 0 && (view.getInt16(6, true) & POLLIN) !== 0;
}

function socketAt(address: BindableSocket["address"]): BindableSocket {
  return {
    name: "control",
    kind: "stream",
    address,
    backlog: BACKLOG,
    socketMode: 0o600,
    socketUser: "",
    socketGroup: "",
    reusePort: false,
    freeBind: false,
    noDelay: true,
    keepAlive: true,
    deferAcceptMs: 0,
    bindIpv6Only: "default",
  };
}

function refusal({ code, message }: Readonly<{ code: string; message: string }>): Error {
  return Object.assign(new Error(message), { code: code === "listener-busy" ? "EADDRINUSE" : "EINVAL" });
}

function isThere({ path, dev, ino }: PathIdentity): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.dev === dev && found.ino === ino;
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
