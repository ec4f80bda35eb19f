import type { Desk, Pending } from "../daemon/ports.ts";
import { parseAddress } from "../unit/address.ts";
import { type Fault, fail, type Outcome, ok } from "../unit/fault.ts";
import { type ControlOptions, createControl } from "./routes.ts";

/** How long an answer that waits for the stop may take to be written. */
const lastAnswersMs = 500;

/**
 * A runtime's HTTP server: `finish` takes no more requests and waits for the answers, `close` ends these too. `suspend` leaves its
 * place to the next program, `resume` takes it back.
 */
type Server = Readonly<{
  finish(): Promise<void>;
  close(): Promise<void>;
  suspend(): Promise<void>;
  resume(): void;
}>;

export type ServerOptions = Omit<ControlOptions, "token" | "closing"> &
  Readonly<{
    /** The unix socket. */
    socket: string;
    /** What every request over TCP has to carry. */
    token: () => string;
    /** Errors: throws what the runtime throws. */
    serve: (
      handler: (request: Request) => Response | Promise<Response>,
      place: Readonly<{ path: string } | { hostname: string; port: number }>,
    ) => Server;
  }>;

/** The control API on its unix socket, and on TCP where that is asked for. */
export interface ControlServer {
  /** Makes TCP ready on another address (`HOST:PORT`; null: none); the one before serves until the change. Errors: listener-failed. */
  listen(address: string | null): Outcome<Pending>;
  /** Leaves its places to the next program: nobody is refused, and whoever asks from now on waits for that one. */
  suspend(): Promise<void>;
  /** There is no next program after all. */
  resume(): void;
  close(): Promise<void>;
}

/** Errors: listener-failed, when the socket cannot be served. */
export function createControlServer(desk: Desk, options: ServerOptions): Outcome<ControlServer> {
  const serve = (place: Parameters<ServerOptions["serve"]>[1], token: string | null): Outcome<Serving> => {
    const closing = new AbortController();
    try {
      const control = createControl(desk, { ...options, closing: closing.signal, token });
      return ok({ closing, server: options.serve((request) => control.fetch(request), place) });
    } catch (error) {
      return fail(failed(`the control API cannot be served: ${(error as Error).message}`));
    }
  };
  const unix = serve({ path: options.socket }, null);
  if (!unix.ok) return unix;
  let tcp: (Serving & Readonly<{ address: string }>) | null = null;
  const all = (): readonly Serving[] => [unix.value, ...(tcp ? [tcp] : [])];
  const replace = (next: typeof tcp): void => {
    const before = tcp;
    tcp = next;
    if (before) void end([before]);
  };
  return ok({
    listen(address) {
      if (address === (tcp?.address ?? null)) return ok(nothing);
      if (address === null) return ok({ ...nothing, commit: () => replace(null) });
      const place = tcpPlace(address);
      const made = place.ok ? serve(place.value, options.token()) : place;
      if (!made.ok) return made;
      return ok({ commit: () => replace({ address, ...made.value }), abandon: () => void end([made.value]) });
    },
    suspend: async () => void (await Promise.all(all().map(({ server }) => server.suspend()))),
    resume: () => {
      for (const { server } of all()) server.resume();
    },
    close: () => end(all()),
  });
}

type Serving = Readonly<{ server: Server; closing: AbortController }>;

/** Takes no more requests; whoever waits for an answer may have it for a moment. */
async function end(all: readonly Serving[]): Promise<void> {
  for (const { closing } of all) closing.abort();
  const tooLong = new Promise((resolve) => setTimeout(resolve, lastAnswersMs));
  await Promise.race([Promise.all(all.map(({ server }) => server.finish())), tooLong]);
  await Promise.all(all.map(({ server }) => server.close()));
}

const nothing: Pending = { commit: () => {}, abandon: () => {} };

function tcpPlace(text: string): Outcome<Readonly<{ hostname: string; port: number }>> {
  const address = parseAddress(text);
  if (address?.tag !== "tcp") return fail(failed(`the control API listens on HOST:PORT, got '${text}'`));
  return ok({ hostname: address.host === "" ? "::" : address.host, port: address.port });
}

function failed(message: string): Fault {
  return { code: "listener-failed", message, retry: "later" };
}
