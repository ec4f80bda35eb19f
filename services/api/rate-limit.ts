/** How often a client may ask. */
export type RateLimit = Readonly<{
  /** On average. */
  perSecond: number;
  /** At once, after a pause. */
  burst: number;
}>;

/** Remembers this many clients; whoever has been silent longest is forgotten first, which does him no harm. */
const MOST_CLIENTS = 10_000;

/** What adding up fractions may be wrong by. */
const ROUNDING = 1e-9;

type Bucket = { tokens: number; at: number };

/**
 * Counts what each client asks. Answers with 0 when it may, else with the milliseconds until it may again.
 * `now`: monotonic milliseconds. Source: the token bucket.
 */
export function createRateLimit({ perSecond, burst }: RateLimit, now: () => number = () => performance.now()) {
  const buckets = new Map<string, Bucket>();
  return (client: string): number => {
    const at = now();
    const before = buckets.get(client) ?? { tokens: burst, at };
    const tokens = Math.min(burst, before.tokens + ((at - before.at) / 1000) * perSecond);
    // Put at the end: the first of the map is the one that was silent longest.
    buckets.delete(client);
    const lacking = 1 - tokens;
    const mayAsk = lacking < ROUNDING;
    buckets.set(client, { tokens: mayAsk ? tokens - 1 : tokens, at });
    if (buckets.size > MOST_CLIENTS) forgetFirst(buckets);
    return mayAsk ? 0 : Math.ceil(((lacking - ROUNDING) / perSecond) * 1000);
  };
}

function forgetFirst(buckets: Map<string, Bucket>): void {
  const [first] = buckets.keys();
  if (first !== undefined) buckets.delete(first);
}
