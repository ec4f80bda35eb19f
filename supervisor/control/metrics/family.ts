/** The metric types, and the suffixes that the names of their samples have. Source: OpenMetrics 1.0, "Metric Types". */
export const suffixesOf = {
  counter: ["_total", "_created"],
  gauge: [""],
  histogram: ["_bucket", "_sum", "_count", "_created"],
  gaugehistogram: ["_bucket", "_gsum", "_gcount"],
  summary: ["", "_sum", "_count", "_created"],
  info: ["_info"],
  stateset: [""],
  unknown: [""],
} as const satisfies Record<string, readonly string[]>;

export type MetricType = keyof typeof suffixesOf;

export type Label = readonly [name: string, value: string];

/** Shape: `{ suffix: "_total", labels: [["unit", "api"]], value: "3" }`. */
export type Sample = Readonly<{ suffix: string; labels: readonly Label[]; value: string }>;

/** All samples of one name, with what is said of them once. */
export type Family = Readonly<{ name: string; type: MetricType; help: string; samples: readonly Sample[] }>;

/** Renders families as an exposition, less its end. Source: OpenMetrics 1.0, "Text format". */
export function renderFamilies(families: readonly Family[]): string {
  return families.map(renderFamily).join("");
}

function renderFamily({ name, type, help, samples }: Family): string {
  const head = `# TYPE ${name} ${type}\n${help === "" ? "" : `# HELP ${name} ${escapeText(help)}\n`}`;
  return head + samples.map((sample) => renderSample(name, sample)).join("");
}

function renderSample(name: string, { suffix, labels, value }: Sample): string {
  const inside = labels.map(([key, text]) => `${key}="${escapeText(text)}"`).join(",");
  return `${name}${suffix}${inside === "" ? "" : `{${inside}}`} ${value}\n`;
}

function escapeText(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
