import type { Socket } from "../../supervisor/unit/unit.ts";

/** A TCP listener with the contract's defaults. */
export function socketOf(name: string, change: Partial<Socket> = {}): Socket {
  return {
    name,
    kind: "stream",
    address: { tag: "tcp", host: "127.0.0.1", port: 0 },
    backlog: 4096,
    socketMode: 0o666,
    socketUser: "",
    socketGroup: "",
    reusePort: false,
    freeBind: false,
    noDelay: false,
    keepAlive: false,
    deferAcceptMs: 0,
    bindIpv6Only: "default",
    ...change,
  };
}
