import type { Status, UnitStatus } from "../unit/status.ts";

const written = new WeakMap<UnitStatus, string>();

/**
 * The status as JSON. What was said of a unit is not put into words again while it is the same object: with hundreds of units
 * that is most of what an answer costs, and everybody else waits for it.
 */
export function statusText({ units, ...rest }: Status): string {
  return `${JSON.stringify(rest).slice(0, -1)},"units":[${units.map(textOf).join(",")}]}`;
}

function textOf(unit: UnitStatus): string {
  const known = written.get(unit);
  if (known !== undefined) return known;
  const text = JSON.stringify(unit);
  written.set(unit, text);
  return text;
}
