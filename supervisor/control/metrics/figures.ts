import type { InvocationId } from "../../core/facts.ts";
import type { Scales } from "../../daemon/ports.ts";

/** How many answers of one outcome a unit's probes of one kind were given. */
export type ProbeCount = Readonly<{ unit: string; kind: string; ok: boolean; count: number }>;

/** Where the figures come from that the status has not. What is left out is not exposed. */
export type Figures = Readonly<{
  scales?: Scales;
  /** Where an invocation answers for itself; null: nowhere. Shape: a path of a unix socket. */
  privateListener?: (invocation: InvocationId) => string | null;
  /** What a unit has printed since the supervisor started, and how much of it could not be kept. */
  output?: (unit: string) => Readonly<{ sizeBytes: number; droppedLines: number }> | null;
  probes?: () => readonly ProbeCount[];
}>;
