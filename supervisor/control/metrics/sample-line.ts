import type { Label } from "./family.ts";

/** A line of an exposition that is a sample. `name`: with its suffix. */
export type SampleLine = Readonly<{ name: string; labels: readonly Label[]; value: string }>;

/**
 * Reads one sample, of the Prometheus text format or of OpenMetrics. Its timestamp and its exemplar are left out.
 * Null: it is malformed.
 * Shape: `http_requests_total{code="200"} 3 1700000000` → name `http_requests_total`, one label, value `3`.
 */
export function readSampleLine(line: string): SampleLine | null {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0];
  if (name === undefined) return null;
  const labels = readLabels(line, name.length);
  if (labels === null) return null;
  const [value = "", ...more] = line
    .slice(labels.end)
    .trim()
    .split(/[ \t]+/);
  const canonical = canonicalValue(value);
  const rest = more.join(" ");
  if (canonical === null || !/^(?:-?\d+(?:\.\d+)?)?(?: ?# ?\{.*)?$/.test(rest)) return null;
  return { name, labels: labels.found, value: canonical };
}

type Labels = Readonly<{ found: readonly Label[]; end: number }>;

function readLabels(line: string, start: number): Labels | null {
  const open = /[ \t]*\{[ \t]*/y;
  open.lastIndex = start;
  if (!open.test(line)) return /[ \t]/.test(line[start] ?? "") ? { found: [], end: start } : null;
  const found: Label[] = [];
  const seen = new Set<string>();
  const label = /([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(?:,[ \t]*|(?=\}))/y;
  let at = open.lastIndex;
  while (line[at] !== "}") {
    label.lastIndex = at;
    const [, key, text] = label.exec(line) ?? [];
    if (key === undefined || text === undefined || seen.has(key)) return null;
    seen.add(key);
    found.push([key, unescapeText(text)]);
    at = label.lastIndex;
  }
  return { found, end: at + 1 };
}

/** Undoes the escapes of label values and help texts. */
export function unescapeText(text: string): string {
  return text.replace(/\\([\\"n])/g, (_, letter: string) => (letter === "n" ? "\n" : letter));
}

const finite = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

function canonicalValue(text: string): string | null {
  if (finite.test(text)) return text;
  if (/^[+]?inf(?:inity)?$/i.test(text)) return "+Inf";
  if (/^-inf(?:inity)?$/i.test(text)) return "-Inf";
  return /^nan$/i.test(text) ? "NaN" : null;
}
