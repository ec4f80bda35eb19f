import { z } from "./zod.ts";

/** What the manual calls a value, where it says how that is written. What is not here is told by its schema alone. */
export type Kind =
  | ("span" | "size" | "limit" | "count" | "percentage" | "octal" | "signal" | "status")
  | ("template" | "command" | "address" | "host:port");

/** Which kind a reader takes. Why a registry of its own: an editor's schema has no word for it. */
export const kinds = z.registry<{ kind: Kind }>();
