const UNITS = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1000, "s"],
  [1, "ms"],
  [0.001, "us"],
] as const;

/** Renders a span so that a unit file may say the same. Shape: 90500 → "1min 30s 500ms"; 0 → "0". Units: milliseconds. Source: systemd.time(7). */
export function span(ms: number): string {
  const parts: string[] = [];
  let leftUs = Math.round(ms * 1000);
  for (const [unitMs, word] of UNITS) {
    const unitUs = unitMs * 1000;
    if (leftUs >= unitUs) parts.push(`${Math.floor(leftUs / unitUs)}${word}`);
    leftUs %= unitUs;
  }
  return parts.join(" ") || "0";
}
