/** The media type that makes a scraper read OpenMetrics. */
export const METRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** By type, the suffix that the sample of a plain value has. Source: OpenMetrics 1.0, "Metric Types". */
const SUFFIX = { counter: "_total", gauge: "", histogram: "", info: "_info" } as const;

export type MetricType = keyof typeof SUFFIX;

/** Shape: `{ type: "webhook.deliver", outcome: "done" }`. */
export type Labels = Readonly<Record<string, string>>;

/** `suffix`: what a sample's name has beyond that of its family. */
export type Sample = Readonly<{ suffix: string; labels: Labels; value: number }>;

/** All samples of one name, with what is said of them once. Units: the base unit that the name ends with. */
export type Family = Readonly<{ name: string; type: MetricType; help: string; samples: readonly Sample[] }>;

/** One value with its labels. Shape: `plain("counter", { outcome: "full" }, 3)` → suffix `_total`. */
export function plain(type: Exclude<MetricType, "histogram">, labels: Labels, value: number): Sample {
  return { suffix: SUFFIX[type], labels, value };
}

/** Renders a whole exposition. Source: OpenMetrics 1.0, "Text format". */
export function renderFamilies(families: readonly Family[]): string {
  return `${families.map(renderFamily).join("")}# EOF\n`;
}

function renderFamily({ name, type, help, samples }: Family): string {
  const unit = name.endsWith("_seconds") ? `# UNIT ${name} seconds\n` : "";
  const head = `# TYPE ${name} ${type}\n${unit}# HELP ${name} ${escapeText(help)}\n`;
  return head + samples.map((sample) => renderSample(name, sample)).join("");
}

function renderSample(name: string, { suffix, labels, value }: Sample): string {
  const inside = Object.entries(labels).map(([key, text]) => `${key}="${escapeText(text)}"`);
  return `${name}${suffix}${inside.length === 0 ? "" : `{${inside}}`} ${value}\n`;
}

function escapeText(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
