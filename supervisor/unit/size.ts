/**
 * Reads a size as systemd writes it. `null` when it is none.
 * Shape: "64M" → 67108864; "1.5K" → 1536; 4096 → 4096; "infinity" → Infinity.
 * Units: bytes; the suffixes B, K, M, G and T count in 1024s.
 * Source: systemd.syntax(7) and systemd.resource-control(5), MemoryMax=.
 */
export function parseSize(raw: string | number): number | null {
  if (typeof raw === "number") return Number.isSafeInteger(raw) && raw >= 0 ? raw : null;
  const text = raw.trim();
  if (text === "infinity") return Infinity;
  const [, amount, suffix] = SIZE.exec(text) ?? [];
  if (amount === undefined) return null;
  const bytes = Math.round(Number(amount) * 1024 ** "BKMGT".indexOf(suffix ?? "B"));
  return Number.isSafeInteger(bytes) ? bytes : null;
}

const SIZE = /^(\d+(?:\.\d+)?)\s*([BKMGT])?$/;
