/** Every way in which a request can fail, told apart by what the wire showed. A request has exactly one fate. */
export const failures = [
  /** Nobody listens: ECONNREFUSED, or no such socket file. */
  "refused",
  /** The connection was not made for another reason (a full unix backlog, no local port left). */
  "connect",
  /** RST before the first byte of the answer, on the connection's first request. */
  "reset-fresh",
  /** RST before the first byte of the answer, on a kept connection: the idle keep-alive race. */
  "reset-reused",
  /** FIN before the first byte of the answer, on the connection's first request. */
  "eof-fresh",
  /** FIN before the first byte of the answer, on a kept connection: the idle keep-alive race. */
  "eof-reused",
  /** The answer began and did not end. */
  "cut",
  /** A whole answer that is not the one to this request: its status, its body, or bytes behind its end. */
  "wrong",
  /** The whole answer did not come within the limit. */
  "timeout",
] as const;

export type Failure = (typeof failures)[number];

/**
 * What became of every request of a load.
 * Shape: `requests` = `ok` + `failed`; `failed` = the sum of `fates`; `generations` counts the ok answers by who gave them.
 * Units: milliseconds. `longestGapMs`: the longest span in which no request of the fast connections was answered.
 */
export type Tally = Readonly<{
  requests: number;
  ok: number;
  failed: number;
  fates: Readonly<Record<Failure, number>>;
  /** The first failures in words, for the message of a failed test. */
  samples: readonly string[];
  /** Connections opened. */
  connections: number;
  /** Answers with `Connection: close`, each obeyed by opening a new connection. */
  toldToClose: number;
  /** Kept connections that the server closed while no request was on its way: no request failed by it. */
  idleClosed: number;
  generations: Readonly<Record<string, number>>;
  longestGapMs: number;
  latencyMs: Readonly<{ p50: number; p99: number; max: number }>;
  durationMs: number;
}>;
