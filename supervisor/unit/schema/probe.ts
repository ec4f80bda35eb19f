import { parseAddress } from "../address.ts";
import type { Probe } from "../unit.ts";
import { kinds } from "./kind.ts";
import { value } from "./value.ts";
import { z } from "./zod.ts";

const hostAndPort = z
  .string()
  .transform((raw, context): Readonly<{ host: string; port: number }> => {
    const found = parseAddress(raw);
    if (found?.tag === "tcp" && found.port > 0) return { host: found.host || "127.0.0.1", port: found.port };
    context.issues.push({ code: "custom", message: "must be host:port", input: raw });
    return z.NEVER;
  })
  .register(kinds, { kind: "host:port" });

const finite = value.span.refine(Number.isFinite, { error: "cannot be infinity" });
const period = finite.refine((ms) => ms > 0, { error: "must be more than 0" });

/** The keys of `[probe.startup]`, `[probe.readiness]` and `[probe.liveness]`. Source: Kubernetes' probes, names and defaults. */
export const probeShape = {
  http_get: value.url.optional(),
  tcp_socket: hostAndPort.optional(),
  exec: value.argv.optional(),
  listener: z.string().optional(),
  path: value.template.startsWith("/", { error: 'must begin with "/"' }).optional(),
  initial_delay: finite.default(0),
  period: period.default(10_000),
  timeout: period.default(1000),
  failure_threshold: z.int().min(1).default(3),
  success_threshold: z.int().min(1).default(1),
};

type Parsed = z.infer<z.ZodObject<typeof probeShape>>;

/** Gives the keys their place in the unit. That it asks exactly one question was checked before. */
export function toProbe(parsed: Parsed): Probe {
  return {
    ask: toQuestion(parsed),
    initialDelayMs: parsed.initial_delay,
    periodMs: parsed.period,
    timeoutMs: parsed.timeout,
    failureThreshold: parsed.failure_threshold,
    successThreshold: parsed.success_threshold,
  };
}

function toQuestion({ http_get, tcp_socket, exec, listener = "", path = "/" }: Parsed): Probe["ask"] {
  if (http_get !== undefined) return { tag: "http", url: http_get };
  if (tcp_socket !== undefined) return { tag: "tcp", ...tcp_socket };
  if (exec !== undefined) return { tag: "exec", argv: exec };
  return { tag: "listener", listener, path };
}
