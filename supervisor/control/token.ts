import { createHash, timingSafeEqual } from "node:crypto";

/**
 * Tells whether an Authorization header carries the token. Takes equally long for every wrong one.
 * Shape: `Bearer 3f…`; the scheme's case does not matter. Source: RFC 6750.
 */
export function carriesToken(header: string | undefined, token: string): boolean {
  const given = /^bearer +(\S+) *$/i.exec(header ?? "")?.[1];
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
