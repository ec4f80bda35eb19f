/** One line that a unit printed, and what is known of its writer. */
export type LogEntry = Readonly<{
  /** Milliseconds since 1970 when the supervisor took the line's beginning. Null: nobody noted it. */
  timeMs: number | null;
  unit: string;
  /** Null, as is all that follows: the supervisor's own words, or a line whose writer nobody noted. */
  instance: number | null;
  stream: LogStream | null;
  pid: number | null;
  invocation: string | null;
  generation: number | null;
  /** What `[output] timestamps` put before the line, with its blank; else empty. */
  stamp: string;
  /** As the service printed it, without its newline. */
  text: string;
}>;

export type LogStream = "stdout" | "stderr";
