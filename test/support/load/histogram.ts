/** Values below this have a bucket each; above it every doubling has half as many, so a bucket is at most 1.6 % wide. */
const EXACT = 128;
const EXACT_BITS = 7;
const HALF = EXACT / 2;
const BUCKETS = EXACT + (31 - EXACT_BITS) * HALF;

/** The spread of many values in a small, fixed space. Units: microseconds go in, milliseconds come out. */
export interface Histogram {
  readonly count: number;
  add(us: number): void;
  /** Takes all that another one has. */
  merge(other: Histogram): void;
  clear(): void;
  /** What this share of all values does not exceed, to 1.6 %. Shape: `quantile(0.999)` → 12.4; 0 when there is none. */
  quantile(share: number): number;
  /** Exact. */
  max(): number;
  readonly buckets: Readonly<Uint32Array>;
}

/** Makes an empty histogram for values up to half an hour. */
export function createHistogram(): Histogram {
  const buckets = new Uint32Array(BUCKETS);
  let count = 0;
  let maxUs = 0;
  return {
    buckets,
    get count() {
      return count;
    },
    add(us) {
      const whole = Math.min(0x7fffffff, Math.max(0, Math.round(us)));
      const at = bucketOf(whole);
      buckets[at] = (buckets[at] ?? 0) + 1;
      count++;
      if (whole > maxUs) maxUs = whole;
    },
    merge(other) {
      for (const [at, more] of other.buckets.entries()) buckets[at] = (buckets[at] ?? 0) + more;
      count += other.count;
      maxUs = Math.max(maxUs, other.max() * 1000);
    },
    clear() {
      buckets.fill(0);
      count = 0;
      maxUs = 0;
    },
    quantile(share) {
      const wanted = Math.ceil(count * share);
      let seen = 0;
      for (const [at, held] of buckets.entries()) {
        seen += held;
        if (seen >= wanted && held > 0) return Math.min(highestOf(at), maxUs) / 1000;
      }
      return 0;
    },
    max: () => maxUs / 1000,
  };
}

function bucketOf(us: number): number {
  if (us < EXACT) return us;
  const shift = 32 - Math.clz32(us) - EXACT_BITS;
  return EXACT + (shift - 1) * HALF + (us >>> shift) - HALF;
}

function highestOf(bucket: number): number {
  if (bucket < EXACT) return bucket;
  const shift = Math.floor((bucket - EXACT) / HALF) + 1;
  const top = ((bucket - EXACT) % HALF) + HALF;
  return (top + 1) * 2 ** shift - 1;
}
