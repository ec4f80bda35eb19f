import type { Labels, Sample } from "./family.ts";

/** From an answer out of memory to a task that takes its whole time. Units: seconds. */
const BOUNDS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** As bounds are written: always a float. Source: OpenMetrics 1.0, "Canonical Numbers". */
const WRITTEN = BOUNDS_SECONDS.map((bound) => (Number.isInteger(bound) ? bound.toFixed(1) : String(bound)));

/** Counts spans of time by their length. */
export class Buckets {
  readonly #counts = BOUNDS_SECONDS.map(() => 0);
  #count = 0;
  #sumSeconds = 0;

  observe(seconds: number): void {
    const at = BOUNDS_SECONDS.findIndex((bound) => seconds <= bound);
    if (at >= 0) this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#count++;
    this.#sumSeconds += seconds;
  }

  samples(labels: Labels): readonly Sample[] {
    let below = 0;
    const buckets = this.#counts.map((count, at): Sample => {
      below += count;
      return { suffix: "_bucket", labels: { ...labels, le: WRITTEN[at] ?? "" }, value: below };
    });
    return [
      ...buckets,
      { suffix: "_bucket", labels: { ...labels, le: "+Inf" }, value: this.#count },
      { suffix: "_sum", labels, value: Math.round(this.#sumSeconds * 1e6) / 1e6 },
      { suffix: "_count", labels, value: this.#count },
    ];
  }
}
