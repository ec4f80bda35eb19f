import type { Label, MetricType, Sample } from "./family.ts";
import { goFloat } from "./go-float.ts";

/**
 * Keeps the samples that a family of this type may have, those of one metric together: no second one of the same labels,
 * no counter below zero, no histogram without its bounds in order and the last one at +Inf.
 * Source: OpenMetrics 1.0, "Metric Types".
 */
export function sound(type: MetricType, samples: readonly Sample[]): readonly Sample[] {
  const groups = new Map<string, Sample[]>();
  const seen = new Set<string>();
  for (const each of samples) {
    const sample = { ...each, labels: each.labels.map(canonicalBound) };
    const series = JSON.stringify([sample.suffix, sorted(sample.labels)]);
    if (seen.has(series) || !isFit(type, sample)) continue;
    seen.add(series);
    const key = JSON.stringify(sorted(sample.labels.filter(([name]) => name !== boundOf(type))));
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(sample);
  }
  return [...groups.values()].filter((group) => !isHistogram(type) || isWhole(group)).flat();
}

const isHistogram = (type: MetricType): boolean => type === "histogram" || type === "gaugehistogram";

function boundOf(type: MetricType): string | null {
  if (isHistogram(type)) return "le";
  return type === "summary" ? "quantile" : null;
}

const sorted = (labels: readonly Label[]): readonly Label[] => [...labels].sort(([a], [b]) => (a < b ? -1 : 1));

function canonicalBound([name, value]: Label): Label {
  const isBound = (name === "le" || name === "quantile") && value !== "" && !Number.isNaN(numberOf(value));
  return isBound ? [name, goFloat(numberOf(value))] : [name, value];
}

/** Source: OpenMetrics 1.0 again: what is counted is neither negative nor unknown. */
function isFit(type: MetricType, { suffix, value, labels }: Sample): boolean {
  const number = numberOf(value);
  const bound = labels.find(([name]) => name === boundOf(type))?.[1];
  const counts = type === "counter" || (suffix !== "" && suffix !== "_sum" && suffix !== "_gsum");
  if (counts && !(number >= 0)) return false;
  if (type === "info") return number === 1;
  if (type === "stateset") return number === 0 || number === 1;
  if (suffix === "_bucket") return bound !== undefined && !Number.isNaN(numberOf(bound));
  if (type !== "summary" || suffix !== "") return true;
  return bound !== undefined && numberOf(bound) >= 0 && numberOf(bound) <= 1;
}

function isWhole(group: readonly Sample[]): boolean {
  const buckets = group.filter(({ suffix }) => suffix === "_bucket");
  const bounds = buckets.map(({ labels }) => numberOf(labels.find(([name]) => name === "le")?.[1] ?? ""));
  const counts = buckets.map(({ value }) => numberOf(value));
  const grows = (numbers: readonly number[]): boolean =>
    numbers.every((number, at) => at === 0 || number >= (numbers[at - 1] ?? 0));
  const total = group.find(({ suffix }) => suffix === "_count" || suffix === "_gcount");
  const agrees = total === undefined || numberOf(total.value) === counts.at(-1);
  return bounds.at(-1) === Infinity && grows(bounds) && grows(counts) && agrees;
}

function numberOf(text: string): number {
  if (text === "+Inf") return Infinity;
  if (text === "-Inf") return -Infinity;
  return text === "" ? Number.NaN : Number(text);
}
