/**
 * A number as bounds are written: always a float, large ones with an exponent.
 * Shape: 1 → "1.0"; 0.25 → "0.25"; 1e6 → "1e+06"; Infinity → "+Inf". Source: OpenMetrics 1.0, "Canonical Numbers".
 */
export function goFloat(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  if (Number.isNaN(value)) return "NaN";
  const text = String(value);
  if (text.includes("e")) return text.replace(/e([+-])(\d)$/, "e$10$2");
  const whole = text.includes(".") ? text : `${text}.0`;
  const dot = whole.indexOf(".");
  if (value <= 0 || dot <= 6) return whole;
  const mantissa = `${whole[0]}.${whole.slice(1, dot)}${whole.slice(dot + 1)}`.replace(/\.?0+$/, "");
  return `${mantissa}e+${String(dot - 1).padStart(2, "0")}`;
}
