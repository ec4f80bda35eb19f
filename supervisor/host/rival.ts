import type { TcpRow } from "./net-table.ts";

type Place = Pick<TcpRow, "family" | "host" | "port">;

const everywhere = ["0.0.0.0", "::"];

/**
 * Whether somebody who asks for `ours` may reach `other` instead: it takes connections to our address, or it is what the
 * name `localhost` and a wildcard of the other family lead to.
 * Shape: ours `0.0.0.0:80`, other `127.0.0.1:80` → true; ours `127.0.0.1:80`, other `0.0.0.0:80` → false: the kernel prefers ours.
 */
export function isRival(ours: Place, other: Place): boolean {
  return (
    ours.port === other.port &&
    (takesFrom(ours, other) || (ours.family !== other.family && isLocal(ours) && isLocal(other)))
  );
}

/**
 * Whether connections to an address of ours go to the other one, all or some of them.
 * Source: inet_lookup_listener in the kernel: the more specific address wins, IPv4 over an IPv6 wildcard; equal ones share (SO_REUSEPORT).
 */
export function takesFrom(ours: Place, other: Place): boolean {
  if (ours.port !== other.port) return false;
  if (ours.family === other.family) return ours.host === other.host || everywhere.includes(ours.host);
  return ours.family === 6 && ours.host === "::" && other.family === 4;
}

function isLocal({ host }: Place): boolean {
  return everywhere.includes(host) || host === "::1" || host.startsWith("127.");
}
