/** Writes one instruction in exec form. Shape: `CMD ["run", "api"]`. Source: the Dockerfile reference, "Exec form": it is JSON. */
export function exec(instruction: string, argv: readonly string[]): string {
  return `${instruction} [${argv.map((word) => JSON.stringify(word)).join(", ")}]`;
}

/** Writes `KEY="value"` for ENV and LABEL. Source: the Dockerfile reference, "ENV" and "Environment replacement". */
export function pair(name: string, value: string): string {
  return `${name}="${value.replace(/[\\"$]/g, "\\$&").replace(CONTROL, " ")}"`;
}

/** Writes a span. Units: milliseconds in. Shape: 1500 → `1500ms`, 30000 → `30s`. */
export function span(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${Math.ceil(ms)}ms`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: a line break would begin another instruction.
const CONTROL = /[\u0000-\u001f\u007f]+/g;
