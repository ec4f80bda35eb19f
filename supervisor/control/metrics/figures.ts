import type { InvocationId } from "../../core/facts.ts";
import type { ProbeCount, Scales } from "../../daemon/ports.ts";

/** Where the figures come from that the status has not. What is left out is not exposed. */
export type Figures = Readonly<{
  scales?: Scales;
  /** Where an invocation answers for itself; null: nowhere. Shape: a path of a unix socket. */
  privateListener?: (invocation: InvocationId) => string | null;
  /** What a unit has printed since the supervisor started, and how much of it could not be kept. */
  output?: (unit: string) => Readonly<{ sizeBytes: number; droppedLines: number }> | null;
  probes?: () => readonly ProbeCount[];
}>;
