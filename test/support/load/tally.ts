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
  /** A whole answer with another status than 200. */
  "wrong-status",
  /** A whole answer that is not the one to this request: its body, no HTTP at all, or bytes behind its end. */
  "wrong-body",
  /** The whole answer did not come within the limit. */
  "timeout",
] as const;

export type Failure = (typeof failures)[number];

/** Units: milliseconds. */
export type Spread = Readonly<{ p50: number; p99: number; p999: number; max: number }>;

/** One second of a load. */
export type Second = Readonly<{ ok: number; failed: number; latencyMs: Spread }>;

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
  /** The first twenty thousand failures: when, since the load began, and what. */
  failures: readonly Readonly<{ atMs: number; failure: Failure }>[];
  /** Connections opened. */
  connections: number;
  /** Answers with `Connection: close`, each obeyed by opening a new connection. */
  toldToClose: number;
  /** Kept connections that the server closed while no request was on its way: no request failed by it. */
  idleClosed: number;
  generations: Readonly<Record<string, number>>;
  longestGapMs: number;
  latencyMs: Spread;
  /** The load's seconds, one after the other from `startedAtMs`; the first hour of them. */
  seconds: readonly Second[];
  /** Since 1970, with fractions, so that another process of this machine may compare it with its own. */
  startedAtMs: number;
  durationMs: number;
  /** Processor time of the client itself. */
  cpuMs: number;
}>;
