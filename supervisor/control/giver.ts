import type { Giver } from "../daemon/ports.ts";
import { z } from "../unit/schema/zod.ts";

const longest = 300;
const text = z
  .string()
  .transform((said) => said.replace(/\p{Cc}/gu, " ").slice(0, longest))
  .nullable()
  .catch(null);
const number = z.int().min(0).nullable().catch(null);
const said = z.object({ user: text, uid: number, pid: number, command: text });

const nobody: Giver = { tag: "client", user: null, uid: null, pid: null, command: null };

/**
 * Reads who gives an order from its header; what is not said, or not well, is not known.
 * Why it is believed: no runtime's server gives the socket of a request, so the kernel cannot be asked for the peer. The
 * control socket is for our own user and root alone, who could do all of it in anybody's name anyway.
 */
export function readGiver(header: string | undefined): Giver {
  if (header === undefined) return nobody;
  try {
    const read = said.safeParse(JSON.parse(decodeURIComponent(header)));
    return read.success ? { tag: "client", ...read.data } : nobody;
  } catch {
    // Neither JSON nor percent-encoded: it is as if nothing had been said.
    return nobody;
  }
}
