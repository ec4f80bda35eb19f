/** The middle value, rounded to tenths; the mean of the two middle ones when there are two. Errors: throws without a value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.ceil((sorted.length - 1) / 2)];
  if (low === undefined || high === undefined) throw new Error("no value was measured");
  return Math.round(((low + high) / 2) * 10) / 10;
}
