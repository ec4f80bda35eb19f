import type { LogQuery, LogSource } from "../unit/log-query.ts";
import type { Said } from "./index-cursor.ts";

/** Says whether a line is wanted, by what is known of it. */
export type LogFilter = (said: Said | null) => boolean;

/** Makes the filter of one source. Null: every line is wanted. */
export function logFilter(
  { sinceMs, untilMs, stream }: Pick<LogQuery, "sinceMs" | "untilMs" | "stream">,
  { instances }: Pick<LogSource, "instances">,
): LogFilter | null {
  if (sinceMs === null && untilMs === null && stream === null && instances === null) return null;
  return (said) => {
    const timeMs = said?.mark.timeMs ?? -Infinity;
    if (timeMs < (sinceMs ?? -Infinity) || timeMs > (untilMs ?? Infinity)) return false;
    const origin = said?.origin ?? null;
    if (stream !== null && origin?.stream !== stream) return false;
    return instances === null || (origin !== null && instances.includes(origin.instance));
  };
}
