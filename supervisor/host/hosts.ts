import { readFileSync } from "node:fs";
import { isIP } from "node:net";

/**
 * The address that a host name stands for; null when it is not known here.
 * Shape: `localhost` → `127.0.0.1`; `::1` → `::1`; empty → `::`, every address.
 * Why only /etc/hosts: asking a name server would hold the whole daemon for seconds, and nobody binds an address that only DNS knows.
 * Of two addresses the IPv4 one is taken: clients that try IPv6 first fall back to it, the other way round many do not.
 */
export function hostAddress(host: string): string | null {
  if (host === "") return "::";
  if (isIP(host) !== 0) return host;
  const known = addressesOf(host);
  const found = known.find((address) => isIP(address) === 4) ?? known[0];
  if (found !== undefined) return found;
  return host === "localhost" ? "127.0.0.1" : null;
}

function addressesOf(host: string): readonly string[] {
  const wanted = host.toLowerCase();
  return hostsLines()
    .map((line) => line.replace(/#.*/, "").trim().split(/\s+/))
    .filter(([, ...names]) => names.some((name) => name.toLowerCase() === wanted))
    .map(([address = ""]) => address);
}

function hostsLines(): readonly string[] {
  try {
    return readFileSync("/etc/hosts", "utf8").split("\n");
  } catch {
    // A system without the file knows no names but localhost.
    return [];
  }
}
