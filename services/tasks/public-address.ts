import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import type { WebhookReach } from "./webhook-policy.ts";

const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");
const NAT64 = ipaddr.IPv6.parseCIDR("64:ff9b::/96");
/** IPv4 in IPv6 as it was once, `::8.8.8.8`: ipaddr.js takes it for a mapped address, the kernel does not. */
const COMPATIBLE = /^::\d+\./;

/**
 * Whether an address, as DNS gives it, belongs to a machine on the public internet: not loopback, private, link-local, multicast,
 * reserved, nor one that leads through a tunnel to who knows where. One that holds an IPv4 address (mapped, NAT64) is what that is.
 * Source: RFC 6890 and IANA's special-purpose registries, as ipaddr.js has them; of IPv6 only what IANA has given out, 2000::/3.
 */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0 || COMPATIBLE.test(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4) return parsed.range() === "unicast";
  if (parsed.match(NAT64)) return isPublicAddress(parsed.toByteArray().slice(12).join("."));
  return parsed.match(GLOBAL_UNICAST) && parsed.range() === "unicast";
}

/** Whether webhooks of that reach may go to an address, as DNS gives it. */
export function isWithin(reach: WebhookReach, address: string): boolean {
  return reach === "any" || isPublicAddress(address) || (reach === "local" && isLoopback(address));
}

function isLoopback(address: string): boolean {
  return isIP(address) !== 0 && !COMPATIBLE.test(address) && ipaddr.process(address).range() === "loopback";
}
