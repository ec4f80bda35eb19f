/** What this share of the values does not exceed, to tenths. Shape: `quantile([1, 2, 3], 0.5)` → 2. Errors: throws without a value. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new Error("no value was measured");
  return tenths(value);
}

export const tenths = (value: number) => Math.round(value * 10) / 10;
