import type { LogStream } from "./log-entry.ts";

/** Which lines of which units are wanted. */
export type LogQuery = Readonly<{
  sources: readonly LogSource[];
  /** How many of the last lines that match, over all sources. `Infinity`: all. */
  lines: number;
  /** Whether to go on with what is printed from then on. */
  follow: boolean;
  /** Milliseconds since 1970, inclusive. A line without a known time is older than any. */
  sinceMs: number | null;
  untilMs: number | null;
  stream: LogStream | null;
}>;

/** `instances: null`: every one, and the supervisor's own words besides. */
export type LogSource = Readonly<{ unit: string; file: string; instances: readonly number[] | null }>;
