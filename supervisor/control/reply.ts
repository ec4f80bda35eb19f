import type { Fault } from "../unit/fault.ts";

/**
 * What came of a call to the daemon. `not-running`: nobody listens on the socket, a stale one included.
 * `cut`: the connection ended before the answer did, which is how a daemon that stops may say goodbye.
 */
export type Reply<T> = Readonly<
  | { tag: "ok"; value: T }
  | { tag: "refused"; faults: readonly [Fault, ...Fault[]] }
  | { tag: "not-running" }
  | { tag: "denied" | "cut" | "timed-out" | "broken"; message: string }
>;

/** Every reply that is no value. */
export type Miss = Exclude<Reply<never>, { tag: "ok" }>;
