import type { InstanceStatus, ListenerStatus, UnitStatus } from "../../unit/status.ts";
import { age } from "./age.ts";
import { bytes } from "./bytes.ts";
import { paint, stateColour } from "./paint.ts";
import { clip, printable } from "./printable.ts";
import { processTree } from "./process-tree.ts";
import { stamp } from "./stamp.ts";
import type { Look } from "./table.ts";
import { wrap } from "./wrap.ts";

/** `enabled`: null where it is not known. */
export type UnitLook = Look & Readonly<{ output: readonly string[]; enabled: boolean | null }>;

/**
 * Renders one unit as `systemctl status` does; a line of which nothing is known is left out.
 * Shape: "● api - HTTP API\n     Loaded: loaded (units/api.toml)\n     Active: active (running) since …; 5min ago\n …".
 */
export function renderUnit(unit: UnitStatus, look: UnitLook): string {
  const dot = paint(dots[unit.active_state], stateColour(unit.active_state), look.colour);
  const title = [unit.name, unit.description].filter((text) => text !== "").join(" - ");
  const lines = [`${dot} ${clip(printable(title), look.width - 2)}`];
  for (const [label, text] of factsOf(unit, look)) {
    if (text !== null) lines.push(fact(label, text, look));
    if (label === "Reason") lines.push(...warnings(unit, look));
  }
  for (const [at, text] of processTree(unit.instances).entries()) {
    lines.push(labelled(at === 0 ? "Processes" : null, clip(printable(text), look.width - LABEL_WIDTH - 2)));
  }
  if (look.output.length > 0) lines.push("", ...look.output.map((text) => clip(printable(text), look.width)));
  return lines.map((text) => `${text}\n`).join("");
}

/** In systemctl's order, with what it does not know between. */
function factsOf(unit: UnitStatus, look: UnitLook): readonly (readonly [label: string, text: string | null])[] {
  const [only, ...others] = unit.instances;
  return [
    ["Loaded", loaded(unit, look)],
    ["Active", active(unit, look)],
    ["Reason", unit.reason],
    ["Invocation", only === undefined || others.length > 0 ? null : only.invocation_id],
    ["Health", unit.health === "unknown" ? null : unit.health],
    ["Main PID", unit.main_pid === null ? null : mainPid(unit, unit.main_pid)],
    ["Status", unit.status_text === null ? null : `"${unit.status_text}"`],
    ["Restarts", unit.restarts === 0 ? null : String(unit.restarts)],
    ["Tasks", sum(unit.instances, "tasks", String)],
    ["Memory", sum(unit.instances, "memory_bytes", bytes)],
    ["CPU", sum(unit.instances, "cpu_seconds", seconds)],
    ["Handover", handover(unit)],
    ["Listen", unit.listeners.map(listener).join(", ") || null],
    ["Last exit", lastExit(unit, look.now)],
  ];
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
const STATE = /^\w+( \((?!Result)[^)]*\))?/;

/** A fact on one line. The state is coloured after the text was shortened, so that no escape sequence is cut in two. */
function fact(label: string, text: string, look: Look): string {
  const shown = clip(printable(text), look.width - LABEL_WIDTH - 2);
  const state = label === "Active" ? STATE.exec(shown)?.[0] : undefined;
  const colour = state === undefined ? null : stateColour(state.split(" ")[0] as UnitStatus["active_state"]);
  const painted = state === undefined ? shown : paint(state, colour, look.colour) + shown.slice(state.length);
  return labelled(label, painted);
}

/** Null: it goes on with what the line before says. */
function labelled(label: string | null, text: string): string {
  return label === null ? `${" ".repeat(LABEL_WIDTH + 2)}${text}` : `${label.padStart(LABEL_WIDTH)}: ${text}`;
}

/** In as many lines as it takes: the end of a warning tells as much as its beginning. */
function warnings(unit: UnitStatus, { width, colour }: Look): readonly string[] {
  return unit.warnings.flatMap((warning) =>
    wrap(printable(warning), width - LABEL_WIDTH - 2).map((text, at) =>
      labelled(at === 0 ? "Warning" : null, paint(text, "yellow", colour)),
    ),
  );
}

function loaded({ file, release }: UnitStatus, { enabled }: UnitLook): string {
  const more = [
    ...(enabled === null ? [] : [enabled ? "enabled" : "disabled"]),
    ...(release === null ? [] : [`release ${release}`]),
  ];
  return `loaded (${[file, ...more].join("; ")})`;
}

/** Shape: `42 (bun), generation 3`. */
function mainPid({ instances, generation }: UnitStatus, pid: number): string {
  const processes = instances.flatMap((instance) => instance.processes ?? []);
  const [program] = processes.find((one) => one.pid === pid)?.command.split(" ") ?? [];
  const name = program === undefined ? "" : ` (${program.slice(program.lastIndexOf("/") + 1)})`;
  return `${pid}${name}, generation ${generation}`;
}

function listener({ name, address, waiting }: ListenerStatus): string {
  return `${name} ${address}${waiting ? ` (${waiting} waiting)` : ""}`;
}

function active(unit: UnitStatus, look: Look): string {
  const result = unit.result === "success" ? "" : ` (Result: ${unit.result})`;
  const sub = unit.sub_state === unit.active_state ? "" : ` (${unit.sub_state})`;
  return `${unit.active_state}${sub}${result} since ${stamp(unit.since)}; ${ago(unit.since, look.now)}`;
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
  if (total < 1) return `${Math.round(total * 1000)}ms`;
  return total < 60 ? `${total.toFixed(3)}s` : age(total * 1000);
}
