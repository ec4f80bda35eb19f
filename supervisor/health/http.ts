import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Call, exchange } from "./exchange.ts";
import { type Asking, type Finding, failed } from "./finding.ts";
import { get } from "./get.ts";
import { requestHead } from "./request.ts";

/** Asks a URL, each time on a new connection. A certificate is not verified, as the kubelet does not: the probe asks for life, not for identity. */
export async function askHttp(text: string, version: string, { signal }: Asking): Promise<Finding> {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !isHttp(url)) return failed(`could not be asked: ${text} is no HTTP URL`);
  const send = (to: URL) => exchange({ ...callOf(to), head: requestHead(to, version) }, signal);
  return get(url, send, (to) => isHttp(to) && to.hostname === url.hostname);
}

function isHttp({ protocol }: URL): boolean {
  return protocol === "http:" || protocol === "https:";
}

function callOf({ protocol, hostname, port }: URL): Pick<Call, "open" | "opened"> {
  const host = hostname.replace(/^\[|\]$/g, "");
  if (protocol === "http:") {
    return { opened: "connect", open: (): Socket => connect({ host, port: Number(port || 80) }) };
  }
  const name = isIP(host) === 0 ? { servername: host } : {};
  const options = { host, port: Number(port || 443), rejectUnauthorized: false, ...name };
  return { opened: "secureConnect", open: (): Socket => connectTls(options) };
}
