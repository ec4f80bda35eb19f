/** One promise of the ports, checked the same way on every runtime. `run` throws when it is broken. */
export type Case = Readonly<{ promise: string; run: () => Promise<void> }>;

/** What a run prints for each case, as one JSON line. */
export type CaseResult = Readonly<{ promise: string; error: string | null; ms: number }>;
