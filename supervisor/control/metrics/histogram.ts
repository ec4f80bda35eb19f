import type { Label, Sample } from "./family.ts";
import { goFloat } from "./go-float.ts";

/** From a service that starts at once to one that takes its whole time. Units: seconds. */
const boundsSeconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Counts spans by their length. */
export class Histogram {
  readonly #counts = boundsSeconds.map(() => 0);
  #count = 0;
  #sumSeconds = 0;

  observe(seconds: number): void {
    const at = boundsSeconds.findIndex((bound) => seconds <= bound);
    if (at >= 0) this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#count++;
    this.#sumSeconds += seconds;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  samples(labels: readonly Label[]): readonly Sample[] {
    let below = 0;
    const buckets = boundsSeconds.map((bound, at): Sample => {
      below += this.#counts[at] ?? 0;
      return { suffix: "_bucket", labels: [...labels, ["le", goFloat(bound)]], value: String(below) };
    });
    const all = String(this.#count);
    return [
      ...buckets,
      { suffix: "_bucket", labels: [...labels, ["le", "+Inf"]], value: all },
      { suffix: "_sum", labels, value: String(Math.round(this.#sumSeconds * 1e6) / 1e6) },
      { suffix: "_count", labels, value: all },
    ];
  }
}
