import { formatAddress } from "./address.ts";
import type { Fault, Outcome } from "./fault.ts";
import type { LineOf } from "./graph.ts";
import type { BindableSocket, Unit } from "./unit.ts";

/**
 * Finds enabled units that would bind one address, as far as their placeholders can be filled in.
 * Errors: listener-busy, for the later of the two.
 */
export function clashFaults(
  units: readonly Unit[],
  toBind: (unit: Unit) => Outcome<readonly BindableSocket[]>,
  lineOf: LineOf,
): readonly Fault[] {
  const claims = units.filter(({ enabled }) => enabled).flatMap((unit) => claimsOf(unit, toBind));
  return claims.flatMap((claim, index): readonly Fault[] => {
    const earlier = claims.slice(0, index).find((other) => isClash(other.socket, claim.socket));
    if (!earlier) return [];
    const { unit, socket } = claim;
    const key = `socket.${socket.name}.listen_${socket.kind}`;
    const line = lineOf(unit.name, key);
    const message = `${formatAddress(socket.address)} is listened on by ${earlier.unit.name} already (listener ${earlier.socket.name})`;
    const at = { file: unit.file, key, ...(line !== undefined && { line }) };
    return [{ code: "listener-busy", message, retry: "never", unit: unit.name, at }];
  });
}

type Claim = Readonly<{ unit: Unit; socket: BindableSocket }>;

function claimsOf(unit: Unit, toBind: (unit: Unit) => Outcome<readonly BindableSocket[]>): readonly Claim[] {
  const sockets = toBind(unit);
  return sockets.ok ? sockets.value.map((socket) => ({ unit, socket })) : [];
}

function isClash(a: BindableSocket, b: BindableSocket): boolean {
  if (a.kind !== b.kind || (a.reusePort && b.reusePort)) return false;
  const [one, other] = [a.address, b.address];
  if (one.tag === "unix" || other.tag === "unix") {
    return one.tag === "unix" && other.tag === "unix" && one.path === other.path;
  }
  // Port 0 is another each time.
  if (one.port !== other.port || one.port === 0) return false;
  const shared = familiesOf(a).some((family) => familiesOf(b).includes(family));
  return one.host === other.host || (shared && (everywhere.has(one.host) || everywhere.has(other.host)));
}

const everywhere: ReadonlySet<string> = new Set(["", "0.0.0.0", "::"]);

/** A socket on every IPv6 address takes IPv4 as well, unless it says otherwise. Source: ipv6(7), IPV6_V6ONLY. */
function familiesOf({ address, bindIpv6Only }: BindableSocket): readonly (4 | 6)[] {
  const host = address.tag === "tcp" ? address.host : "";
  if (host === "" || host === "::") return bindIpv6Only === "ipv6-only" ? [6] : [4, 6];
  return host.includes(":") ? [6] : [4];
}
