import { libc } from "./libc.ts";

/** A listening socket that the supervisor lent to this process. */
export type InheritedListener = Readonly<{ name: string; fd: number }>;

const FIRST_FD = 3;
const F_GETFD = 1;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const VARIABLES = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"];

/** What the supervisor calls the listener that this process alone got. */
const PRIVATE = "private";

let taken: ReadonlyMap<string, InheritedListener> | undefined;
let own: InheritedListener | null = null;

/**
 * Gives the listeners that were passed to this process, by name, in the order they were passed.
 * The first call reads the variables, takes them out of the environment and makes the descriptors close on exec,
 * so that a child of this process neither believes they are its own nor keeps the port open.
 * Without LISTEN_PID, or with that of another process, there are none. Of two with one name the first is kept. The private
 * listener is not among them.
 * Errors: throws when the variables contradict each other or name a descriptor that is not open: the supervisor is broken.
 * Source: sd_listen_fds(3).
 */
export function inherited(): ReadonlyMap<string, InheritedListener> {
  taken ??= withoutPrivate(take());
  return taken;
}

/** Gives the listener on which the supervisor asks this very process, and nobody else; null when it does not. Errors: as `inherited`. */
export function privateListener(): InheritedListener | null {
  inherited();
  return own;
}

/** No client is to be served there, whoever takes "the first listener" or all of them. */
function withoutPrivate(all: Map<string, InheritedListener>): ReadonlyMap<string, InheritedListener> {
  own = all.get(PRIVATE) ?? null;
  all.delete(PRIVATE);
  return all;
}

function take(): Map<string, InheritedListener> {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES } = process.env;
  for (const variable of VARIABLES) delete process.env[variable];
  const listeners = new Map<string, InheritedListener>();
  if (Number(LISTEN_PID) !== process.pid || LISTEN_FDS === undefined) return listeners;
  for (const listener of parsed(LISTEN_FDS, LISTEN_FDNAMES)) {
    closeOnExec(listener);
    if (!listeners.has(listener.name)) listeners.set(listener.name, listener);
  }
  return listeners;
}

function parsed(count: string, names: string | undefined): readonly InheritedListener[] {
  const length = /^\d{1,4}$/.test(count) ? Number(count) : 0;
  if (length === 0) throw new Error(`LISTEN_FDS must be a number from 1 to 9999, got '${count}'`);
  const list = names === undefined ? Array<string>(length).fill("unknown") : names.split(":");
  if (list.length !== length)
    throw new Error(`LISTEN_FDNAMES names ${list.length} listeners, LISTEN_FDS says ${count}`);
  return list.map((name, index) => ({ name, fd: FIRST_FD + index }));
}

function closeOnExec({ name, fd }: InheritedListener): void {
  const c = libc();
  if (!c) return;
  const flags = c.fcntl(fd, F_GETFD, 0);
  if (flags < 0) throw new Error(`listener '${name}' should be descriptor ${fd}, which is not open`);
  c.fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
}
