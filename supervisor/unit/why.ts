import type { Chain } from "./reason.ts";
import type { ActiveState, SubState } from "./status.ts";

/** What `GET /v1/units/:name/why` and `supervisor why --json` answer. */
export type Why = Readonly<{
  name: string;
  active_state: ActiveState;
  sub_state: SubState;
  /** RFC 3339: when active_state was entered. */
  since: string;
  generation: number;
  /** When the present supervisor was started. */
  life: string;
  /** Newest first. */
  entries: readonly WhyEntry[];
}>;

/** One thing that happened to a unit, as it is kept beyond the life of the supervisor. */
export type WhyEntry = Readonly<{
  /** When the supervisor was started that saw it: entries with different ones are from different lives of it. RFC 3339. */
  life: string;
  /** RFC 3339. */
  at: string;
  /** As in the event stream: `service.exited`. */
  event: string;
  instance: number | null;
  invocation: string | null;
  generation: number | null;
  pid: number | null;
  from: string | null;
  to: string | null;
  why: string | null;
  /** One line for people; its words may change. */
  text: string;
  cause: Chain | null;
  duration_ms: number | null;
  /** The last lines that the process printed, where it ended in failure. Bound: 5 lines of 200 characters. */
  output: readonly string[];
}>;
