import type { Answer, ProbeCount } from "./ports.ts";

/** Counts what probes are answered, since the supervisor started. Bound: two counters for each probe of each unit. */
export interface ProbeTally {
  heard(unit: string, answer: Answer): void;
  counts(): readonly ProbeCount[];
}

export function createProbeTally(): ProbeTally {
  const all = new Map<string, ProbeCount>();
  return {
    heard(unit, { kind, ok }) {
      const key = `${unit} ${kind} ${ok}`;
      all.set(key, { unit, kind, ok, count: (all.get(key)?.count ?? 0) + 1 });
    },
    counts: () => [...all.values()],
  };
}
