import type { Plan } from "../../unit/plan.ts";
import { clip, printable } from "./printable.ts";

/**
 * Renders what a reload would do, a line for each unit that it would do something to; nothing for an empty plan.
 * Shape: "api    handover  service.environment.PORT\nredis  start     its file is new\n".
 */
export function renderPlan({ units, config }: Plan, width: number): string {
  const moved = [...units, { ...config, unit: "config/" }].filter(({ action }) => action !== "nothing");
  const rows = moved.map(({ unit, action, keys, reason }) => {
    const why = [...(reason === null ? [] : [reason]), ...keys].join(", ");
    return [unit, action, why] as const;
  });
  const pad = (at: 0 | 1) => Math.max(0, ...rows.map((row) => row[at].length));
  return rows
    .map(([unit, action, why]) => `${unit.padEnd(pad(0))}  ${action.padEnd(pad(1))}  ${why}`.trimEnd())
    .map((line) => `${clip(printable(line), width)}\n`)
    .join("");
}
