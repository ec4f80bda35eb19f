/**
 * Reads a time span as systemd writes it. `null` when it is none.
 * Shape: "1min 30s" → 90000; "1.5h" → 5400000; 2 → 2000; "infinity" → Infinity.
 * Units: milliseconds, exact to the microsecond; a bare number is seconds.
 * Source: systemd.time(7), "Parsing time spans"; a month is 30.44 days, a year 365.25.
 */
export function parseSpan(raw: string | number): number | null {
  if (typeof raw === "number") return raw >= 0 ? toMicroseconds(raw * 1000) : null;
  const text = raw.trim();
  if (text === "infinity") return Infinity;
  if (text === "") return null;
  let sumMs = 0;
  for (let rest = text; rest !== ""; ) {
    const [part, amount, word] = PART.exec(rest) ?? [];
    const unitMs = word === undefined ? 1000 : UNITS_MS.get(word);
    if (part === undefined || unitMs === undefined) return null;
    sumMs += Number(amount) * unitMs;
    rest = rest.slice(part.length);
  }
  return toMicroseconds(sumMs);
}

const PART = /^(\d+(?:\.\d*)?|\.\d+)(?:\s*([a-zA-Zµμ]+)|(?=\s|$))\s*/;

const UNITS_MS: ReadonlyMap<string, number> = new Map(
  (
    [
      [0.001, "us usec µs μs"],
      [1, "ms msec"],
      [1000, "s sec second seconds"],
      [60_000, "m min minute minutes"],
      [3_600_000, "h hr hour hours"],
      [86_400_000, "d day days"],
      [604_800_000, "w week weeks"],
      [2_629_800_000, "M month months"],
      [31_557_600_000, "y year years"],
    ] as const
  ).flatMap(([ms, words]) => words.split(" ").map((word) => [word, ms] as const)),
);

function toMicroseconds(ms: number): number {
  return ms < 1e12 ? Math.round(ms * 1000) / 1000 : ms;
}
