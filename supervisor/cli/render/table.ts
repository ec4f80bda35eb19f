import type { InstanceStatus, UnitStatus } from "../../unit/status.ts";
import { age } from "./age.ts";
import { bytes } from "./bytes.ts";
import { type Paint, paint, stateColour } from "./paint.ts";
import { clip, printable } from "./printable.ts";

/** How to draw. Units: width in columns, `Infinity` when the output is no terminal. */
export type Look = Readonly<{ width: number; colour: boolean; now: Date }>;

/**
 * Renders units as a table, a line for each; below a unit that has several processes, a line for each of them.
 * A terminal that is too narrow loses whole columns, the least telling first, then the ends of names; a line never wraps.
 */
export function renderTable(units: readonly UnitStatus[], look: Look): string {
  if (units.length === 0) return "no units\n";
  const rows = units.flatMap((unit) => [unitRow(unit, look.now), ...instanceRows(unit, look.now)]);
  const columns = fit(rows, look.width);
  const header = line({ cells: { ...titles }, paint: { UNIT: "bold" } }, columns, false);
  const lines = rows.map((row) => line(row, columns, look.colour));
  return [paint(header, "bold", look.colour), ...lines].map((text) => `${text}\n`).join("");
}

const names = ["UNIT", "ACTIVE", "SUB", "PID", "GEN", "RESTARTS", "UPTIME", "MEMORY", "HEALTH", "LISTEN"] as const;
type Name = (typeof names)[number];
const titles = Object.fromEntries(names.map((name) => [name, name])) as Record<Name, string>;
const rightAligned: ReadonlySet<Name> = new Set(["PID", "GEN", "RESTARTS", "MEMORY"]);
/** What goes first when the terminal is narrow. */
const expendable: readonly Name[] = ["LISTEN", "HEALTH", "GEN", "MEMORY", "RESTARTS", "SUB", "UPTIME", "PID"];
const GAP = "  ";
/** At a unit that is not as it seems; `status UNIT` says why. */
const MARK = " (!)";

type Row = Readonly<{ cells: Readonly<Record<Name, string>>; paint: Readonly<Partial<Record<Name, Paint>>> }>;
type Column = Readonly<{ name: Name; width: number }>;

function unitRow(unit: UnitStatus, now: Date): Row {
  const colour = stateColour(unit.active_state);
  const memory = unit.instances.map((instance) => instance.memory_bytes ?? 0).reduce((sum, each) => sum + each, 0);
  const isDoubtful = unit.warnings.length > 0;
  const cells = {
    UNIT: `${printable(unit.name)}${isDoubtful ? MARK : ""}`,
    ACTIVE: unit.active_state,
    SUB: unit.sub_state,
    PID: unit.main_pid === null ? "-" : String(unit.main_pid),
    GEN: String(unit.generation),
    RESTARTS: String(unit.restarts),
    UPTIME: unit.active_state === "active" || unit.active_state === "reloading" ? since(unit.since, now) : "-",
    MEMORY: memory === 0 ? "-" : bytes(memory),
    HEALTH: unit.health === "unknown" ? "-" : unit.health,
    LISTEN: unit.listeners.map(({ address }) => address).join(" ") || "-",
  };
  const paint = {
    ...(isDoubtful && { UNIT: "yellow" as const }),
    ACTIVE: colour,
    SUB: colour,
    ...(unit.health === "unhealthy" && { HEALTH: "red" as const }),
  };
  return { cells, paint };
}

function instanceRows(unit: UnitStatus, now: Date): readonly Row[] {
  if (unit.instances.length < 2) return [];
  return unit.instances.map((instance, at) => instanceRow(instance, at === unit.instances.length - 1, now));
}

function instanceRow(instance: InstanceStatus, isLast: boolean, now: Date): Row {
  const cells = {
    UNIT: `${isLast ? "└" : "├"} ${printable(instance.name)}`,
    ACTIVE: "",
    SUB: instance.phase,
    PID: instance.pid === null ? "-" : String(instance.pid),
    GEN: String(instance.generation),
    RESTARTS: "",
    UPTIME: instance.ready_at === null ? "-" : since(instance.ready_at, now),
    MEMORY: instance.memory_bytes === null ? "-" : bytes(instance.memory_bytes),
    HEALTH: "",
    LISTEN: "",
  };
  return { cells, paint: {} };
}

function since(rfc3339: string, now: Date): string {
  return age(now.getTime() - Date.parse(rfc3339));
}

/** Chooses the columns that fit, and shortens the first one when nothing else is left to give up. */
function fit(rows: readonly Row[], width: number): readonly Column[] {
  const widest = (name: Name) => Math.max(name.length, ...rows.map((row) => [...row.cells[name]].length));
  let columns: Column[] = names.map((name) => ({ name, width: widest(name) }));
  for (const name of expendable) {
    if (total(columns) <= width) return columns;
    columns = columns.filter((column) => column.name !== name);
  }
  const over = total(columns) - width;
  const [first, ...rest] = columns;
  return first === undefined || over <= 0 ? columns : [{ ...first, width: Math.max(1, first.width - over) }, ...rest];
}

function total(columns: readonly Column[]): number {
  return columns.reduce((sum, column) => sum + column.width, GAP.length * (columns.length - 1));
}

function line(row: Row, columns: readonly Column[], colour: boolean): string {
  const cells = columns.map(({ name, width }, at) => {
    const text = clip(row.cells[name], width);
    const space = " ".repeat(width - [...text].length);
    const painted = paint(text, row.paint[name] ?? null, colour);
    if (rightAligned.has(name)) return space + painted;
    return at === columns.length - 1 ? painted : painted + space;
  });
  return cells.join(GAP).trimEnd();
}
