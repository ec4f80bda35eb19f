import type { Desk } from "../daemon/ports.ts";

/** How a handover may end, as its happening is called: `handover.done`. */
export const handoverResults = ["done", "kept-old", "failed"] as const;

/** How the handovers of each unit ended, by unit and result, counted since the control plane was made. */
export type Handovers = ReadonlyMap<string, Readonly<Record<(typeof handoverResults)[number], number>>>;

/**
 * Counts handovers as they happen, until the signal. The status holds only the last one's result, and a counter must not forget.
 * The map it gives is live: reading it costs nothing.
 */
export function countHandovers(desk: Desk, signal: AbortSignal, onBug: (error: unknown) => void): Handovers {
  const counts = new Map<string, Record<(typeof handoverResults)[number], number>>();
  const listen = async () => {
    for await (const { event, unit } of desk.happenings(0, signal)) {
      const result = handoverResults.find((each) => event === `handover.${each}`);
      if (unit === null || result === undefined) continue;
      const count = counts.get(unit) ?? { done: 0, "kept-old": 0, failed: 0 };
      count[result]++;
      counts.set(unit, count);
    }
  };
  listen().catch(onBug);
  return counts;
}
