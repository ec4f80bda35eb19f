import { parseAddress } from "../unit/address.ts";

/** Where to connect to reach a listener of this machine. */
export type Place = Readonly<{ path: string } | { host: string; port: number }>;

/**
 * Gives the places at which a listener with this address is reached, the likeliest first. Null: it is none that can be asked.
 * Shape: `0.0.0.0:80` → 127.0.0.1:80; `[::]:80` → 127.0.0.1:80 and [::1]:80, since it may take one of the two alone.
 */
export function placesOf(address: string): readonly [Place, ...Place[]] | null {
  const found = parseAddress(address);
  if (found === null) return null;
  if (found.tag === "unix") return [{ path: found.path }];
  const { host, port } = found;
  if (host === "0.0.0.0") return [{ host: "127.0.0.1", port }];
  if (host !== "" && host !== "::") return [{ host, port }];
  return [
    { host: "127.0.0.1", port },
    { host: "::1", port },
  ];
}
