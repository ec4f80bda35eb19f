import { Buckets } from "./buckets.ts";
import { type Family, type Labels, type MetricType, plain, renderFamilies, type Sample } from "./family.ts";
import { type Of, SeriesSet } from "./series.ts";

/** What only grows. */
export interface Counter<L extends string> {
  add(labels: Of<L>, n?: number): void;
}

/** What goes up and down. */
export interface Gauge<L extends string> {
  set(labels: Of<L>, value: number): void;
  add(labels: Of<L>, n: number): void;
}

/** Counts spans of time by their length. */
export interface Histogram<L extends string> {
  observe(labels: Of<L>, seconds: number): void;
}

/** Families that are asked for anew at each scrape. It never rejects, and is as quick as a scraper wants it. */
export type Look = () => Promise<readonly Family[]>;

/**
 * The metrics of one process. Asking for a family again gives the one that is there, so that a part which is started anew
 * goes on counting. The values of a label must be few: a route and never a path, a type that is known and never one that a
 * client made up.
 * Why by hand: prom-client 15 loads OpenTelemetry's API, and does not write the bounds of histograms as OpenMetrics has them.
 */
export class Metrics {
  readonly #families = new Map<string, Readonly<{ handle: unknown; read: () => Family }>>();
  readonly #looks = new Map<string, Look>();

  counter<const L extends string = never>(name: string, help: string, labels: readonly L[] = []): Counter<L> {
    return this.#once({ name, type: "counter", help }, () => {
      const series = numbers(labels);
      const add = (of: Of<L>, n = 1): void => {
        series.of(of).n += n;
      };
      return { handle: { add }, samples: () => series.samples((of, { n }) => [plain("counter", of, n)]) };
    });
  }

  gauge<const L extends string = never>(name: string, help: string, labels: readonly L[] = []): Gauge<L> {
    return this.#once({ name, type: "gauge", help }, () => {
      const series = numbers(labels);
      const set = (of: Of<L>, value: number): void => {
        series.of(of).n = value;
      };
      const add = (of: Of<L>, n: number): void => {
        series.of(of).n += n;
      };
      return { handle: { set, add }, samples: () => series.samples((of, { n }) => [plain("gauge", of, n)]) };
    });
  }

  histogram<const L extends string = never>(name: string, help: string, labels: readonly L[] = []): Histogram<L> {
    return this.#once({ name, type: "histogram", help }, () => {
      const series = new SeriesSet(labels, () => new Buckets());
      const observe = (of: Of<L>, seconds: number): void => series.of(of).observe(seconds);
      return { handle: { observe }, samples: () => series.samples((of, buckets) => buckets.samples(of)) };
    });
  }

  /** What does not change as long as the process lives. */
  info(name: string, help: string, labels: Labels): void {
    this.#once({ name, type: "info", help }, () => ({ handle: null, samples: () => [plain("info", labels, 1)] }));
  }

  /** A second look of one name takes the place of the first. */
  look(name: string, look: Look): void {
    this.#looks.set(name, look);
  }

  /** Answers a scrape. */
  async text(): Promise<string> {
    const looked = await Promise.all([...this.#looks.values()].map((look) => look()));
    return renderFamilies([...[...this.#families.values()].map(({ read }) => read()), ...looked.flat()]);
  }

  #once<H>(
    facts: Readonly<{ name: string; type: MetricType; help: string }>,
    make: () => Readonly<{ handle: H; samples: () => readonly Sample[] }>,
  ): H {
    const known = this.#families.get(facts.name);
    if (known) return known.handle as H;
    const { handle, samples } = make();
    this.#families.set(facts.name, { handle, read: () => ({ ...facts, samples: samples() }) });
    return handle;
  }
}

const numbers = <L extends string>(labels: readonly L[]) => new SeriesSet(labels, () => ({ n: 0 }));
