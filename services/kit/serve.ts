import { isListening } from "./connections.ts";
import { type Drainable, drain } from "./drain.ts";
import { libc } from "./libc.ts";
import { type Life, processLife } from "./life.ts";
import { type InheritedListener, inherited } from "./listeners.ts";
import type { Bind, Hold } from "./native.ts";
import { onListener, type ServeMode } from "./on-listener.ts";
import { onOwn } from "./on-own.ts";
import { servePrivately } from "./private.ts";

/** What can be served: a Hono app, or anything else with a `fetch`. */
export type Servable = {
  // biome-ignore lint/suspicious/noExplicitAny: each runtime passes something of its own (Bun its server, Deno the connection).
  fetch: (request: Request, ...rest: any[]) => Response | Promise<Response>;
};

export type ServeOptions = Readonly<{
  /** The name in LISTEN_FDNAMES. Default: the first that was passed and listens. */
  listener?: string;
  /** Where to bind when no listener was passed. Default 127.0.0.1:8080; `path` means a unix socket and wins. */
  host?: string;
  port?: number;
  path?: string;
  /** Whose drain ends the serving. Default: the life of this process. */
  life?: Life;
  /** What is in flight for longer than this after the drain began is cut, and reported. Default: the supervisor's limit, else 30000. */
  drainMs?: number;
  /**
   * How long a client may still use an idle connection after the drain began. Default 6000, or less where drainMs is.
   * Why: no `Keep-Alive: timeout` is advertised, since a header per response costs 5 % (Bun) to 25 % (Deno) of the
   * throughput. So the clients' own limits count: those that keep idle connections for longer than this may, at their next
   * use, find one closed. They see the close before they send, unless both happen within one round trip. Where a proxy in
   * front keeps idle connections for 60 s and must not see even that, idleMs (and drainMs) is to be larger than its limit.
   */
  idleMs?: number;
  /**
   * Over how long the drain spreads its goodbyes at most, so that not all clients come back at once: those of WebSockets, and those of
   * kept connections, which are done sooner where there are few.
   * Default 5000, or half of drainMs where that is less.
   */
  spreadMs?: number;
}>;

export interface Served {
  /** Shape: `127.0.0.1:8080`, `[::1]:8080`, `/run/api.sock`. */
  readonly address: string;
  readonly mode: ServeMode;
  /** Why the mode is `compatible`; null otherwise. */
  readonly reason: string | null;
  /** Drains: resolves when nothing is in flight and no client can lose a request any more. */
  close(): Promise<void>;
}

const DRAIN_MS = 30_000;
const IDLE_MS = 6_000;
const SPREAD_MS = 5_000;
const IDLE_MARGIN_MS = 1_000;
const GOODBYE_MS = 500;

/**
 * Serves an app: on the listener that the supervisor passed, else at an address of its own.
 * It does not say that the process is ready; that is `life.ready()`, when the app is. In a handover it accepts nobody before,
 * but on the private listener, where the supervisor's probes come from, the app answers from the first moment to the last.
 * Errors: rejects when no listener of that name was passed, when it is not one, or when the address cannot be bound.
 */
export async function serve(app: Servable, options: ServeOptions = {}): Promise<Served> {
  const life = options.life ?? processLife();
  const listener = chosen(inherited(), options.listener);
  const { server, ...running } = listener
    ? await onListener(app, listener, holdOf(life))
    : await onOwn(app, bindOf(options));

  const aside = await servePrivately(app, running.address);
  let ended: Promise<void> | undefined;
  const close = (): Promise<void> => {
    ended ??= end(server, options, life).then(() => {
      // While the process drains it is asked to its very end: others may still be finishing.
      if (!life.draining.aborted) return aside?.close();
    });
    return ended;
  };
  life.onDrain(close);
  return { ...running, close };
}

function chosen(listeners: ReadonlyMap<string, InheritedListener>, name?: string): InheritedListener | null {
  if (listeners.size === 0) return null;
  const all = [...listeners.values()];
  const c = libc();
  const found = name === undefined ? (all.find(({ fd }) => c && isListening(c, fd)) ?? all[0]) : listeners.get(name);
  if (found) return found;
  throw new Error(`no listener '${name}' was passed to this process; there is: ${[...listeners.keys()].join(", ")}`);
}

/**
 * In a handover the old generation serves until this one is ready: what this one accepted before would die with it if it
 * never became so. At any other start nobody else is there, and clients need not wait for the warm-up to be over.
 */
function holdOf(life: Life): Hold | null {
  return process.env.SUPERVISOR_HANDOVER === "1" ? (begin) => life.onReady(begin) : null;
}

function bindOf({ host = "127.0.0.1", port = 8080, path }: ServeOptions): Bind {
  return path === undefined ? { tag: "tcp", host, port } : { tag: "unix", path };
}

/** The supervisor's own limit, less what it takes to say goodbye before it. Shape of SUPERVISOR_DRAIN_MS: `30000`. */
function givenDrainMs(): number {
  const limitMs = Number(process.env.SUPERVISOR_DRAIN_MS);
  return limitMs > 0 ? Math.max(limitMs - GOODBYE_MS, limitMs / 2) : DRAIN_MS;
}

async function end(server: Drainable, options: ServeOptions, life: Life): Promise<void> {
  const { drainMs = givenDrainMs() } = options;
  const { idleMs = Math.min(IDLE_MS, Math.max(drainMs - IDLE_MARGIN_MS, drainMs / 2)) } = options;
  const { spreadMs = Math.min(SPREAD_MS, drainMs / 2) } = options;
  const cut = await drain(server, { drainMs, idleMs, spreadMs });
  if (cut === 0) return;
  const line = `drain: ${cut} ${cut === 1 ? "connection" : "connections"} cut after ${drainMs} ms`;
  life.status(line);
  console.error(line);
}
