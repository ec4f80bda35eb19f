import { listeningFds } from "../../services/kit/connections.ts";
import { inodeOf, registrationsOf, unwatch, watch } from "../../services/kit/epoll.ts";
import { libc } from "../../services/kit/libc.ts";
import { serve } from "../../services/kit/serve.ts";

/**
 * One of several that share the work; it answers with its pid. How it shares stands in its argument: `as-it-is` takes the inherited
 * listener as the kit does, `exclusive` watches it with EPOLLEXCLUSIVE, `reuse-port PORT` binds a socket of its own beside the others'.
 * Its first line on stdout says that it serves.
 */

const EPOLLEXCLUSIVE = 0x10000000;
const EPOLLIN = 0x1;
const EPOLLET = 0x80000000;
const FIRST_FD = 3;

const [manner, port = "0"] = process.argv.slice(2);
const app = { fetch: answer };

if (manner === "reuse-port") serveBeside(Number(port));
else await serve(app);
if (manner === "exclusive") takeTurns();
console.log("serves");

function answer(request: Request): Response {
  const n = Number(request.url.slice(request.url.indexOf("n=") + 2));
  return Response.json({ generation: process.pid, n });
}

/** Registers the listener anew. Errors: throws when the kernel does not take it. */
function takeTurns(): void {
  const c = libc();
  const fd = c && listeningFds(c).find((each) => each !== FIRST_FD && inodeOf(each) === inodeOf(FIRST_FD));
  const [registration] = fd ? registrationsOf(fd) : [];
  if (!c || !fd || !registration) throw new Error("the listener is not watched");
  unwatch(c, fd, registration);
  const events = (registration.events & (EPOLLIN | EPOLLET)) | EPOLLEXCLUSIVE;
  if (!watch(c, fd, { ...registration, events })) throw new Error("EPOLLEXCLUSIVE was refused");
}

function serveBeside(at: number): void {
  const where = { hostname: "127.0.0.1", port: at, reusePort: true };
  const { Bun: bun, Deno: deno } = globalThis as unknown as Record<"Bun" | "Deno", Runtime | undefined>;
  if (bun) bun.serve({ ...where, fetch: answer });
  else deno?.serve({ ...where, onListen: () => {} }, answer);
}

type Runtime = { serve(options: object, handler?: unknown): unknown };
