const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[n"\\\\])*"';
const NUMBER = "[+-]?(?:[0-9]+(?:\\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\\.[0-9]+(?:[eE][+-]?[0-9]+)?|Inf|NaN)";
const SAMPLE = new RegExp(`^(${NAME})(?:\\{((?:${LABEL})(?:,${LABEL})*)?\\})? (${NUMBER})$`);
const META = new RegExp(`^# (TYPE|HELP|UNIT) (${NAME}) (.*)$`);

const suffixes: Readonly<Record<string, readonly string[]>> = {
  counter: ["_total", "_created"],
  gauge: [""],
  histogram: ["_bucket", "_sum", "_count", "_created"],
  gaugehistogram: ["_bucket", "_gsum", "_gcount"],
  summary: ["", "_sum", "_count", "_created"],
  info: ["_info"],
  stateset: [""],
  unknown: [""],
};

/** One series and its value. Shape: `series: 'up{unit="api"}'`. */
export type Series = Readonly<{ family: string; name: string; labels: string; value: number }>;

/**
 * Reads an exposition as strictly as a scraper may, written from the grammar and the rules alone, without the program's own
 * reader. Errors: throws at the first line that breaks a rule. Source: OpenMetrics 1.0, "ABNF" and "Metric Types".
 */
export function readOpenMetrics(text: string): readonly Series[] {
  const lines = text.split("\n");
  if (lines.pop() !== "" || lines.pop() !== "# EOF") throw new Error("it does not end with '# EOF' and a newline");
  const done = new Set<string>();
  const sampleNames = new Map<string, string>();
  const seen = new Set<string>();
  const all: Series[] = [];
  let family = { name: "", type: "unknown", meta: new Set<string>(), begun: true };
  for (const line of lines) {
    const fault = (what: string): Error => new Error(`${what}: ${line}`);
    const [, key, metaName, rest = ""] = META.exec(line) ?? [];
    if (key !== undefined && metaName !== undefined) {
      if (metaName !== family.name) {
        if (done.has(metaName)) throw fault("a family a second time");
        done.add(metaName);
        family = { name: metaName, type: "unknown", meta: new Set(), begun: false };
      }
      if (family.begun || family.meta.has(key)) throw fault("said twice, or after the samples");
      family.meta.add(key);
      if (key === "TYPE" && !Object.hasOwn(suffixes, rest)) throw fault("no such type");
      if (key === "TYPE") family.type = rest;
      if (key === "HELP" && /\\(?![n"\\])|"(?<!\\")/.test(rest)) throw fault("an escape that is none");
      continue;
    }
    const [, name = "", inside = "", number = ""] = SAMPLE.exec(line) ?? [];
    if (name === "") throw fault("neither a sample nor a comment of the grammar");
    const suffix = name.startsWith(family.name) ? name.slice(family.name.length) : null;
    if (suffix === null || !suffixes[family.type]?.includes(suffix)) throw fault(`not of family ${family.name}`);
    if ((sampleNames.get(name) ?? family.name) !== family.name) throw fault("a name that two families have");
    sampleNames.set(name, family.name);
    family.begun = true;
    const keys = [...inside.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="(?:[^"\\]|\\.)*"/g)].map(([, each = ""]) => each);
    if (new Set(keys).size !== keys.length) throw fault("a label twice");
    const series = `${name}{${[...inside.matchAll(new RegExp(LABEL, "g"))].map(([each]) => each).sort()}}`;
    if (seen.has(series)) throw fault("a series twice");
    seen.add(series);
    const value = Number(number.replace("Inf", "Infinity"));
    if (family.type === "counter" && !(value >= 0)) throw fault("a counter below 0");
    if (family.type === "stateset" && !keys.includes(family.name)) throw fault("a stateset without its label");
    all.push({ family: family.name, name, labels: inside, value });
  }
  checkHistograms(all);
  return all;
}

function checkHistograms(all: readonly Series[]): void {
  const rest = (labels: string): string => labels.replace(/,?\ble="[^"]*"/, "");
  const groups = new Map<string, Series[]>();
  for (const series of all.filter(({ name, family }) => name === `${family}_bucket`)) {
    const key = `${series.family}{${rest(series.labels)}}`;
    groups.set(key, [...(groups.get(key) ?? []), series]);
  }
  for (const [key, buckets] of groups) {
    const bounds = buckets.map(({ labels }) => /\ble="([^"]*)"/.exec(labels)?.[1] ?? "");
    if (bounds.some((bound) => bound !== "+Inf" && !/[.e]/.test(bound))) throw new Error(`${key}: no canonical bounds`);
    const numbers = bounds.map((bound) => Number(bound.replace("+Inf", "Infinity")));
    const isRising = (values: readonly number[]) =>
      values.every((value, at) => at === 0 || value >= (values[at - 1] ?? 0));
    if (!isRising(numbers) || numbers.at(-1) !== Infinity) throw new Error(`${key}: bounds out of order`);
    if (!isRising(buckets.map(({ value }) => value))) throw new Error(`${key}: counts that fall`);
    const family = buckets[0]?.family ?? "";
    const count = all.find(({ name, labels }) => name === `${family}_count` && `${family}{${labels}}` === key);
    if (count && count.value !== buckets.at(-1)?.value) throw new Error(`${key}: a count that is not that of +Inf`);
    const places = buckets.map((bucket) => all.indexOf(bucket));
    if ((places.at(-1) ?? 0) - (places[0] ?? 0) !== places.length - 1) throw new Error(`${key}: buckets apart`);
  }
}
