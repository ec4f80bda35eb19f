import { parseAddress } from "../address.ts";
import { templateProblem } from "../specifier.ts";
import type { Address, AddressTemplate, Socket } from "../unit.ts";
import { kinds } from "./kind.ts";
import { shown } from "./shown.ts";
import { value } from "./value.ts";
import { z } from "./zod.ts";

const address = z
  .unknown()
  .transform((raw, context): Address | AddressTemplate => {
    const text = typeof raw === "string" || typeof raw === "number" ? String(raw) : null;
    const isTemplate = text !== null && /[%$]/.test(text);
    const problem = isTemplate ? templateProblem(text) : null;
    const found = text === null ? null : isTemplate ? ({ tag: "template", text } as const) : parseAddress(text);
    if (found !== null && problem === null) return found;
    const message = problem ?? `must be host:port, [v6]:port, a port, or a path, got ${shown(raw)}`;
    context.issues.push({ code: "custom", message, input: raw });
    return z.NEVER;
  })
  .meta({ type: ["string", "integer"] })
  .register(kinds, { kind: "address" });

/** The keys of `[socket.NAME]`. */
export const socketShape = {
  listen_stream: address.optional(),
  listen_datagram: address.optional(),
  backlog: z.int().min(1).max(2_147_483_647).default(4096),
  socket_mode: value.octal.default(0o666),
  socket_user: value.text.default(""),
  socket_group: value.text.default(""),
  reuse_port: z.boolean().default(false),
  free_bind: z.boolean().default(false),
  no_delay: z.boolean().default(false),
  keep_alive: z.boolean().default(false),
  defer_accept_sec: value.span.default(0),
  bind_ipv6_only: z.enum(["default", "both", "ipv6-only"]).default("default"),
};

type Parsed = z.infer<z.ZodObject<typeof socketShape>>;

/** Gives the keys their place in the unit. That exactly one `listen_…` key is there was checked before. */
export function toSocket(name: string, parsed: Parsed): Socket {
  return {
    name,
    kind: parsed.listen_stream === undefined ? "datagram" : "stream",
    address: parsed.listen_stream ?? parsed.listen_datagram ?? { tag: "tcp", host: "", port: 0 },
    backlog: parsed.backlog,
    socketMode: parsed.socket_mode,
    socketUser: parsed.socket_user,
    socketGroup: parsed.socket_group,
    reusePort: parsed.reuse_port,
    freeBind: parsed.free_bind,
    noDelay: parsed.no_delay,
    keepAlive: parsed.keep_alive,
    deferAcceptMs: parsed.defer_accept_sec,
    bindIpv6Only: parsed.bind_ipv6_only,
  };
}
