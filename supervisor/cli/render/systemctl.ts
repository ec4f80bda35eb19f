import type { InstanceStatus, UnitStatus } from "../../unit/status.ts";
import { age } from "./age.ts";
import { bytes } from "./bytes.ts";
import { paint, stateColour } from "./paint.ts";
import { clip, printable } from "./printable.ts";
import { processTree } from "./process-tree.ts";
import { stamp } from "./stamp.ts";
import type { Look } from "./table.ts";

/**
 * Renders one unit as `systemctl status` does; a line of which nothing is known is left out.
 * Shape: "● api - HTTP API\n     Loaded: loaded (units/api.toml)\n     Active: active (running) since …; 5min ago\n …".
 */
export function renderUnit(unit: UnitStatus, look: Look & Readonly<{ output: readonly string[] }>): string {
  const dot = paint(dots[unit.active_state], stateColour(unit.active_state), look.colour);
  const title = [unit.name, unit.description].filter((text) => text !== "").join(" - ");
  const facts = [
    ["Loaded", `loaded (${unit.file}${unit.release === null ? "" : `; release ${unit.release}`})`],
    ["Active", active(unit, look)],
    ["Reason", unit.reason],
    ["Health", unit.health === "unknown" ? null : unit.health],
    ["Status", unit.status_text === null ? null : `"${unit.status_text}"`],
    ["Main PID", unit.main_pid === null ? null : `${unit.main_pid} (generation ${unit.generation})`],
    ["Restarts", unit.restarts === 0 ? null : String(unit.restarts)],
    ["Tasks", sum(unit.instances, "tasks", String)],
    ["Memory", sum(unit.instances, "memory_bytes", bytes)],
    ["CPU", sum(unit.instances, "cpu_seconds", seconds)],
    ["Handover", handover(unit)],
    ["Listen", unit.listeners.map(({ name, address }) => `${name} ${address}`).join(", ") || null],
    ["Last exit", lastExit(unit, look.now)],
  ] as const;
  const lines = [`${dot} ${clip(printable(title), look.width - 2)}`];
  for (const [label, text] of facts) if (text !== null) lines.push(fact(label, text, look));
  for (const [at, text] of processTree(unit.instances).entries()) {
    const label = at === 0 ? `${"Processes".padStart(LABEL_WIDTH)}: ` : " ".repeat(LABEL_WIDTH + 2);
    lines.push(label + clip(printable(text), look.width - LABEL_WIDTH - 2));
  }
  if (look.output.length > 0) lines.push("", ...look.output.map((text) => clip(printable(text), look.width)));
  return lines.map((text) => `${text}\n`).join("");
}

const dots: Readonly<Record<UnitStatus["active_state"], string>> = {
  active: "●",
  reloading: "↻",
  activating: "●",
  deactivating: "●",
  inactive: "○",
  failed: "×",
};

const LABEL_WIDTH = 11;
const STATE = /^\w+ \([^)]*\)/;

/** A fact on one line. The state is coloured after the text was shortened, so that no escape sequence is cut in two. */
function fact(label: string, text: string, look: Look): string {
  const shown = clip(printable(text), look.width - LABEL_WIDTH - 2);
  const state = label === "Active" ? STATE.exec(shown)?.[0] : undefined;
  const colour = state === undefined ? null : stateColour(state.split(" ")[0] as UnitStatus["active_state"]);
  const painted = state === undefined ? shown : paint(state, colour, look.colour) + shown.slice(state.length);
  return `${label.padStart(LABEL_WIDTH)}: ${painted}`;
}

function active(unit: UnitStatus, look: Look): string {
  const result = unit.result === "success" ? "" : ` (Result: ${unit.result})`;
  return `${unit.active_state} (${unit.sub_state})${result} since ${stamp(unit.since)}; ${ago(unit.since, look.now)}`;
}

function handover({ handover: { last_result, ready_ms, drain_ms, reason } }: UnitStatus): string | null {
  if (last_result === "none") return null;
  const times = [
    ready_ms === null ? null : `ready in ${ready_ms}ms`,
    drain_ms === null ? null : `drained in ${drain_ms}ms`,
  ];
  const result = last_result === "kept-old" ? "old generation kept" : "done";
  return [result, ...times, reason].filter((text) => text !== null).join(", ");
}

function lastExit({ last_exit: last }: UnitStatus, now: Date): string | null {
  if (last === null) return null;
  const how = last.signal === null ? `code ${last.code}` : `signal ${last.signal}`;
  return `${how}, ${ago(last.at, now)}`;
}

function ago(rfc3339: string, now: Date): string {
  return `${age(now.getTime() - Date.parse(rfc3339))} ago`;
}

/** Over all processes where they are known, else over the main ones. */
function sum(
  instances: readonly InstanceStatus[],
  key: "tasks" | "memory_bytes" | "cpu_seconds",
  show: (total: number) => string,
): string | null {
  const known = instances.flatMap((one) => one.processes?.map((each) => each[key]) ?? ofMain(one, key));
  return known.length === 0 ? null : show(known.reduce((total, value) => total + value, 0));
}

function ofMain(instance: InstanceStatus, key: "tasks" | "memory_bytes" | "cpu_seconds"): readonly number[] {
  const value = key === "tasks" ? null : instance[key];
  return value === null ? [] : [value];
}

function seconds(total: number): string {
  return total < 60 ? `${total.toFixed(3)}s` : age(total * 1000);
}
