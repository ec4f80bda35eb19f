import { faultOfListener } from "./connections.ts";
import type { Drainable } from "./drain.ts";
import { libc } from "./libc.ts";
import type { InheritedListener } from "./listeners.ts";
import { type Hold, openInherited } from "./native.ts";
import type { Servable } from "./serve.ts";

/** `compatible` is `node:http`, the way around when the native server cannot take the listener. */
export type ServeMode = "native-inherited" | "native" | "compatible";

export type Running = Readonly<{ address: string; mode: ServeMode; reason: string | null; server: Drainable }>;

/** Serves on a listener that was passed. Errors: rejects when it is none, or when it cannot be served in any way. */
export async function onListener(app: Servable, { fd, name }: InheritedListener, hold: Hold | null): Promise<Running> {
  const c = libc();
  const fault = c && faultOfListener(c, fd);
  if (fault) throw new Error(`listener '${name}' (descriptor ${fd}) ${fault}`);
  const native = nativeRefusal() ?? (await openInherited(app, fd, hold));
  if (native.ok) return { ...native, mode: "native-inherited", reason: null };
  console.error(`serve: listener '${name}' is served through node:http: ${native.reason}`);
  const { openCompatible } = await import("./compatible.ts");
  return { ...(await openCompatible(app, { tag: "fd", fd }, hold)), mode: "compatible", reason: native.reason };
}

/** Why the native server is not wanted, when it is not. */
export function nativeRefusal(): Readonly<{ ok: false; reason: string }> | null {
  const isRefused = process.env.SUPERVISOR_KIT_LISTEN === "compat";
  return isRefused ? { ok: false, reason: "SUPERVISOR_KIT_LISTEN=compat" } : null;
}
