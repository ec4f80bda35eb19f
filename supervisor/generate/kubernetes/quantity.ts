/** Writes bytes. Shape: 536870912 → `512Mi`. Source: Kubernetes, Quantity. */
export function bytes(count: number): string {
  const mebibytes = count / 2 ** 20;
  return Number.isInteger(mebibytes) ? `${mebibytes}Mi` : String(Math.ceil(count));
}

/** Writes a share of CPU. Units: percent of one processor in. Shape: 150 → `1500m`, 200 → `2`. */
export function processors(percent: number): string {
  const milli = Math.max(1, Math.round(percent * 10));
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}

/** Writes a span in whole seconds, `least` or more. Units: milliseconds in, seconds out. */
export function seconds(ms: number, least = 0): number {
  return Math.max(least, Math.ceil(ms / 1000));
}
