import { fail, type Outcome } from "../unit/fault.ts";
import type { BindableSocket } from "../unit/unit.ts";
import { holderText } from "./holder.ts";
import { errnoText } from "./libc.ts";
import { tcpText } from "./sockaddr.ts";

const EADDRINUSE = 98;

/** Shape: `127.0.0.1:8080: Permission denied (EACCES)`, or who holds the address when it is taken. */
export function bindFailed(socket: BindableSocket, code: number): Outcome<never> {
  if (code === EADDRINUSE) return addressBusy(socket);
  return listenerFailed(socket, `${wantedAddress(socket)}: ${errnoText(code)}`);
}

/** Shape: `127.0.0.1:8080 is already in use by nginx (pid 123)`. */
export function addressBusy(socket: BindableSocket): Outcome<never> {
  const message = `${wantedAddress(socket)} is already in use${holderText(socket)}`;
  return fail({ code: "listener-busy", message, retry: "later" });
}

export function listenerFailed(socket: BindableSocket, message: string): Outcome<never> {
  return fail({ code: "listener-failed", message: `socket ${socket.name}: ${message}`, retry: "never" });
}

function wantedAddress({ address }: BindableSocket): string {
  return address.tag === "unix" ? address.path : tcpText(address.host || "::", address.port);
}
