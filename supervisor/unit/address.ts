import type { Address } from "./unit.ts";

/**
 * Reads where a listener is bound. `null` when the text is none of these.
 * Shape: "127.0.0.1:8080", "[::1]:8080", "8080" (every address), "/run/api.sock", "%t/api.sock", "unix:api.sock".
 * Source: systemd.socket(5), ListenStream=. Why: abstract sockets ("@name") are refused, they have no owner and no mode.
 */
export function parseAddress(raw: string): Address | null {
  const text = raw.trim();
  if (text.startsWith("unix:")) return unix(text.slice("unix:".length));
  if (PATH.test(text)) return unix(text);
  const [, v6, host, port] = TCP.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) return null;
  if (v6 !== undefined) return V6.test(v6) ? tcp(v6, port) : null;
  return host === "*" ? tcp("", port) : tcp(host ?? "", port);
}

/** Writes an address so that `parseAddress` reads it again. Shape: `{ host: "::1", port: 80 }` → "[::1]:80". */
export function formatAddress(address: Address): string {
  if (address.tag === "unix") return PATH.test(address.path) ? address.path : `unix:${address.path}`;
  const { host, port } = address;
  if (host === "") return String(port);
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

const PATH = /^(?:\/|\.\.?\/|%[rt]\/|\$\{)/;
const TCP = /^(?:(?:\[([^\]]*)\]|([A-Za-z0-9_.-]+|\*)):)?(\d{1,5})$/;
const V6 = /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(?:%[A-Za-z0-9_.-]+)?$/;

function tcp(host: string, port: string): Address {
  return { tag: "tcp", host, port: Number(port) };
}

/** sun_path holds 108 bytes, one of them the closing zero; specifiers may make it longer, so that is the host's to refuse. */
function unix(path: string): Address | null {
  return path === "" || path.startsWith("@") || path.includes("\0") ? null : { tag: "unix", path };
}
