/** What the runtimes pass beside a request. */
type BunServer = { requestIP(request: Request): { address: string } | null };
type DenoInfo = { remoteAddr: { transport: string; hostname?: string } };
type NodeBindings = { incoming: { socket?: { remoteAddress?: string } } };

/**
 * Where a request comes from, as the connection says: the address of the client, or of the proxy before it. Null: it came over a
 * unix socket, or nobody knows. `env`: what the runtime passed to `fetch` beside the request (Hono: `c.env`).
 * Shape: `127.0.0.1`, `::1`.
 */
export function clientAddress(request: Request, env: unknown): string | null {
  if (typeof env !== "object" || env === null) return null;
  if (isBun(env)) return env.requestIP(request)?.address || null;
  if (isDeno(env)) return env.remoteAddr.transport === "tcp" ? (env.remoteAddr.hostname ?? null) : null;
  return isNode(env) ? (env.incoming.socket?.remoteAddress ?? null) : null;
}

const isBun = (env: object): env is BunServer => "requestIP" in env && typeof env.requestIP === "function";
const isDeno = (env: object): env is DenoInfo => "remoteAddr" in env;
const isNode = (env: object): env is NodeBindings => "incoming" in env;
