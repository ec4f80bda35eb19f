import { type Family, type MetricType, type Sample, suffixesOf } from "./family.ts";
import { readSampleLine, type SampleLine, unescapeText } from "./sample-line.ts";
import { sound } from "./sound.ts";

/** What could be read, and how many lines could not. */
export type Exposition = Readonly<{ families: readonly Family[]; malformedLines: number }>;

/**
 * Reads the metrics that a service exposes, in the Prometheus text format or in OpenMetrics, as OpenMetrics.
 * What is malformed is left out and counted; the rest is kept. Timestamps, exemplars, units and comments are left out.
 * A counter without the suffix `_total`, which only the older format knows, becomes of unknown type, under its own name.
 * Source: Prometheus, "Exposition formats"; OpenMetrics 1.0.
 */
export function parseExposition(text: string): Exposition {
  const reader = new Reader();
  for (const line of text.split("\n")) reader.take(line.endsWith("\r") ? line.slice(0, -1) : line);
  return reader.end();
}

type Draft = { type: MetricType; help: string; samples: Sample[] };

class Reader {
  readonly #drafts = new Map<string, Draft>();
  readonly #helps = new Map<string, string>();
  #malformedLines = 0;

  take(line: string): void {
    if (line.trim() === "") return;
    const isRead = line.startsWith("#") ? this.#takeComment(line) : this.#takeSample(line);
    if (!isRead) this.#malformedLines++;
  }

  end(): Exposition {
    const families: Family[] = [];
    for (const [name, { type, help, samples }] of this.#drafts) {
      const kept = sound(type, samples);
      this.#malformedLines += samples.length - kept.length;
      if (kept.length > 0) families.push({ name, type, help: help || (this.#helps.get(name) ?? ""), samples: kept });
    }
    return { families, malformedLines: this.#malformedLines };
  }

  #takeComment(line: string): boolean {
    const [, key, name = "", text = ""] = /^#[ \t]+(HELP|TYPE)[ \t]+([^ \t]+)(?:[ \t]+(.*))?$/.exec(line) ?? [];
    if (key === undefined) return true;
    if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) return false;
    if (key === "HELP") {
      this.#helps.set(name, unescapeText(text));
      return true;
    }
    const type = text.trim() === "untyped" ? "unknown" : text.trim();
    if (!Object.hasOwn(suffixesOf, type)) return false;
    return this.#declare(name, type as MetricType);
  }

  #declare(written: string, type: MetricType): boolean {
    // The older format puts the suffix into the name of the family.
    const suffix = type === "counter" ? "_total" : type === "info" ? "_info" : "";
    const name = suffix !== "" && written.endsWith(suffix) ? written.slice(0, -suffix.length) : written;
    if (this.#drafts.has(name)) return false;
    this.#drafts.set(name, { type, help: this.#helps.get(written) ?? "", samples: [] });
    return true;
  }

  #takeSample(line: string): boolean {
    const read = readSampleLine(line);
    if (read === null) return false;
    const [name, suffix] = this.#familyOf(read);
    const draft = this.#drafts.get(name) ?? { type: "unknown", help: "", samples: [] };
    if (!(suffixesOf[draft.type] as readonly string[]).includes(suffix)) return false;
    this.#drafts.set(name, draft);
    draft.samples.push({ suffix, labels: read.labels, value: read.value });
    return true;
  }

  #familyOf({ name }: SampleLine): readonly [string, string] {
    const own = this.#drafts.get(name);
    if (own?.type === "counter" && own.samples.length === 0) own.type = "unknown";
    if (own) return [name, ""];
    for (const suffix of everySuffix) {
      const base = name.slice(0, -suffix.length);
      const draft = name.endsWith(suffix) ? this.#drafts.get(base) : undefined;
      if (draft && (suffixesOf[draft.type] as readonly string[]).includes(suffix)) return [base, suffix];
    }
    return [name, ""];
  }
}

const everySuffix = [...new Set(Object.values(suffixesOf).flat())].filter((suffix) => suffix !== "");
