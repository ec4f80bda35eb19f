import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { untilAborted } from "./until-aborted.ts";

export type PostOrder = Readonly<{
  url: URL;
  headers: Readonly<Record<string, string>>;
  body: string;
  /** Gives the addresses of a host. */
  resolve: (host: string) => Promise<readonly string[]>;
  /** Which of them may be connected to. */
  isAllowed: (address: string) => boolean;
  signal: AbortSignal;
}>;

/** The head of an answer. */
export type Answer = Readonly<{ status: number; headers: IncomingHttpHeaders }>;

/** Thrown by `post`: the host has an address that may not be connected to. */
export class AddressRefused extends Error {
  override readonly name = "AddressRefused";
}

/**
 * A connection each, to the first of several addresses that answers; and no proxy: one that the environment names would ask DNS
 * anew, and connect to what it likes.
 */
const unshared = { keepAlive: false, proxyEnv: {}, autoSelectFamily: true } as const;
const agents = { "http:": new HttpAgent(unshared), "https:": new HttpsAgent(unshared) };

/**
 * POSTs to a host all of whose addresses are allowed, and gives the head of the answer; its body is not read, no redirect followed.
 * Errors: AddressRefused; the signal's reason or an AbortError when it fires; else what DNS, TLS or the network say.
 * Why not `fetch`: it asks DNS once more when it connects, and a name may lead elsewhere then (DNS rebinding). Here those very
 * addresses are connected to that were looked at.
 */
export async function post(order: PostOrder): Promise<Answer> {
  const { url, headers, body, signal } = order;
  const addresses = await untilAborted(allowedAddresses(order), signal);
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  const isSecure = url.protocol === "https:";
  return new Promise((resolve, reject) => {
    const asked = (isSecure ? httpsRequest : httpRequest)(
      url,
      {
        method: "POST",
        headers,
        signal,
        agent: agents[isSecure ? "https:" : "http:"],
        lookup: (_host, _options, give) => give(null, found),
      },
      (answer) => {
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers });
        answer.destroy();
      },
    );
    asked.on("error", reject);
    // An upgrade that nobody has asked for is no error to node:http.
    asked.on("close", () => reject(new Error("closed without an answer")));
    asked.end(body);
  });
}

async function allowedAddresses({ url, resolve, isAllowed }: PostOrder): Promise<readonly string[]> {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const addresses = isIP(host) === 0 ? await resolve(host) : [host];
  // One is enough: whoever gives several addresses chooses which is taken.
  if (addresses.every(isAllowed)) return addresses;
  throw new AddressRefused(`${url.hostname} is not a public address`);
}
