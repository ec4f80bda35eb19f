import { rmSync } from "node:fs";
import { connect } from "node:net";
import { type Bind, openOwn } from "./native.ts";
import { nativeRefusal, type Running } from "./on-listener.ts";
import type { Servable } from "./serve.ts";

/** Serves at an address of its own, where no listener was passed. Errors: rejects when it cannot be bound. */
export async function onOwn(app: Servable, bind: Bind): Promise<Running> {
  if (bind.tag === "unix") await removeStale(bind.path);
  const native = nativeRefusal() ?? openOwn(app, bind);
  if (native.ok) return { ...native, mode: "native", reason: null };
  const { openCompatible } = await import("./compatible.ts");
  return { ...(await openCompatible(app, bind)), mode: "compatible", reason: native.reason };
}

/** Removes the path of a socket that nobody listens on any more: what a killed process left behind. */
function removeStale(path: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const probe = connect(path);
  probe.once("connect", () => resolve(void probe.destroy()));
  probe.once("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "ECONNREFUSED") rmSync(path, { force: true });
    resolve();
  });
  return promise;
}
