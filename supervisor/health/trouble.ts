/**
 * Says in one clause why a connection came to nothing.
 * Shape: ECONNREFUSED → `refused the connection`. EAGAIN is a unix socket with a full queue, which Bun calls refused as well.
 */
export function trouble({ code = "", message }: NodeJS.ErrnoException): string {
  if (/^(?:ERR_SSL|ERR_TLS|EPROTO)/.test(code)) return "failed the TLS handshake";
  return CLAUSES[code] ?? `could not be asked: ${code || message}`;
}

const CLAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "refused the connection",
  EAGAIN: "refused the connection",
  ECONNRESET: "reset the connection",
  EPIPE: "reset the connection",
  ECONNABORTED: "reset the connection",
  ENOENT: "has no socket there",
  EACCES: "does not let us connect",
  EHOSTUNREACH: "cannot be reached",
  ENETUNREACH: "cannot be reached",
  EADDRNOTAVAIL: "cannot be reached",
  ETIMEDOUT: "cannot be reached",
  ENOTFOUND: "has a host name that nobody knows",
  EAI_AGAIN: "has a host name that nobody could look up",
};
