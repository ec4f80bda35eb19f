import { drain } from "./drain.ts";
import { privateListener } from "./listeners.ts";
import type { Bind } from "./native.ts";
import { onListener, type Running } from "./on-listener.ts";
import { onOwn } from "./on-own.ts";
import type { Servable } from "./serve.ts";

/** What answers on the private listener. */
export interface Aside {
  /** Takes the app away, and with the last one the server. */
  close(): Promise<void>;
}

/** A probe is over within its time limit, and nobody else asks here. */
const DRAIN = { idleMs: 0, drainMs: 1_000, spreadMs: 0 } as const;

/** Where it answers when no supervisor passes a listener, for those who ask in its place: a container's probes, a scraper. */
const ADDRESS = "SUPERVISOR_PRIVATE_LISTEN";

/** By the address that each is served at for clients. */
const apps = new Map<string, Servable>();
let opened: Promise<Running | null> | undefined;
let own: Bind | null | undefined;

/**
 * Lets an app answer on the private listener, where the supervisor asks this very process; without one, at the address in
 * `$SUPERVISOR_PRIVATE_LISTEN` (shape: `0.0.0.0:8081`); null when there is neither.
 * Where several are served, the one answers whose port the request names in its Host, else the first.
 * No drain waits for it, and it ends with the process. Errors: none; a process that cannot be asked in private says so, and serves.
 */
export async function servePrivately(app: Servable, address = ""): Promise<Aside | null> {
  if (!privateListener() && !ownAddress()) return null;
  apps.set(address, app);
  opened ??= open();
  return (await opened) && { close: () => close(address) };
}

const dispatcher: Servable = {
  fetch(request, ...rest) {
    const port = portOf(request.headers.get("host") ?? "");
    const all = [...apps];
    const [, app] = all.find(([address]) => port !== null && portOf(address) === port) ?? all[0] ?? [];
    return app?.fetch(request, ...rest) ?? new Response(null, { status: 503 });
  },
};

/** By port alone: who is bound to every address is asked at one of them. */
function portOf(address: string): string | null {
  return /:(\d+)$/.exec(address)?.[1] ?? null;
}

async function open(): Promise<Running | null> {
  const listener = privateListener();
  const address = ownAddress();
  try {
    if (listener) return await onListener(dispatcher, listener, null);
    return address && (await onOwn(dispatcher, address));
  } catch (cause) {
    console.error(`serve: the private listener is not served: ${cause instanceof Error ? cause.message : cause}`);
    return null;
  }
}

/** Reads the variable once, and takes it away: a child of this process would find the address taken. */
function ownAddress(): Bind | null {
  if (own !== undefined) return own;
  const text = process.env[ADDRESS] ?? "";
  delete process.env[ADDRESS];
  const [, host, port] = /^(?:\[?([^\]]*)\]?:)?(\d{1,5})$/.exec(text) ?? [];
  if (text !== "" && port === undefined) console.error(`serve: ${ADDRESS} must be HOST:PORT, got '${text}'`);
  own = port === undefined ? null : { tag: "tcp", host: host ?? "127.0.0.1", port: Number(port) };
  return own;
}

async function close(address: string): Promise<void> {
  apps.delete(address);
  if (apps.size > 0) return;
  const closing = opened;
  opened = undefined;
  const running = await closing;
  if (running) await drain(running.server, DRAIN);
}
