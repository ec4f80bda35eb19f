import type { LogStream } from "./log-entry.ts";

/** One line of output as `GET /v1/logs?output=json` and `supervisor logs -o json` give it. It may grow. Null: nobody noted it. */
export type LogLine = Readonly<{
  /** RFC 3339. */
  time: string | null;
  unit: string;
  instance: number | null;
  stream: LogStream | null;
  pid: number | null;
  invocation_id: string | null;
  generation: number | null;
  /** Only where `[output] timestamps` put the time before the line: that, with its blank. */
  stamp?: string;
  text: string;
}>;
