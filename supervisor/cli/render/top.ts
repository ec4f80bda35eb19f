import type { Status, UnitStatus } from "../../unit/status.ts";
import { age } from "./age.ts";
import { bytes } from "./bytes.ts";
import { paint, stateColour } from "./paint.ts";
import { clip, printable } from "./printable.ts";

export const sortings = ["cpu", "memory", "name"] as const;
export type Sorting = (typeof sortings)[number];

/** What is seen of a status. `cpuPercent`: of one processor, by invocation; one that is not there is not known yet. */
export type TopView = Readonly<{
  status: Status;
  cpuPercent: ReadonlyMap<string, number>;
  sorting: Sorting;
  /** The name of a unit. */
  selected: string | null;
}>;

type Look = Readonly<{ width: number; rows: number; colour: boolean; now: Date }>;

/** The units in the order in which they are shown. */
export function sortUnits({ status, cpuPercent, sorting }: Omit<TopView, "selected">): readonly UnitStatus[] {
  const weight = (unit: UnitStatus): number => {
    if (sorting === "name") return 0;
    return (sorting === "cpu" ? cpuOf(unit, cpuPercent) : memoryOf(unit)) ?? -1;
  };
  const byName = [...status.units].sort((a, b) => (a.name < b.name ? -1 : 1));
  return byName.sort((a, b) => weight(b) - weight(a));
}

/** Renders one whole screen, exactly as many lines as there are rows at most; the selected unit is always among them. */
export function renderTop(view: TopView, look: Look): string {
  const units = sortUnits(view);
  const selected = units.find(({ name }) => name === view.selected);
  const lines = [headLine(view.status, look.now), titles, ...units.map((unit) => unitLine(unit, view, look.now))];
  const room = Math.max(1, look.rows - fixedRows);
  const at = selected ? units.indexOf(selected) : 0;
  const first = Math.max(0, Math.min(at - room + 1, units.length - room));
  const shown = lines.slice(2).slice(first, first + room);
  const painted = shown.map((line, index) => {
    const unit = units[first + index];
    const text = fit(line, look.width);
    if (unit !== undefined && unit === selected) return look.colour ? `\x1b[7m${text}\x1b[0m` : text;
    return unit === undefined ? text : paint(text, stateColour(unit.active_state), look.colour);
  });
  const [head = "", title = ""] = lines.slice(0, 2).map((line) => clip(printable(line), look.width));
  const foot = clip(printable(footLine(view, selected)), look.width);
  return `${[head, paint(title, "bold", look.colour), ...painted, foot].slice(0, look.rows).join("\n")}\n`;
}

/** The head, the titles, and the foot. */
const fixedRows = 3;

const columns = [
  ["UNIT", -20],
  ["STATE", -14],
  ["PID", 8],
  ["N", 4],
  ["GEN", 5],
  ["RST", 5],
  ["CPU%", 7],
  ["MEMORY", 9],
  ["UPTIME", 14],
] as const;

/** The marker that tells the selected line also where there is no colour. */
const titles = `  ${row(columns.map(([title]) => title))}`;

function row(cells: readonly string[]): string {
  return columns
    .map(([, width], at) => {
      const text = clip(cells[at] ?? "", Math.abs(width));
      return width < 0 ? text.padEnd(-width) : text.padStart(width);
    })
    .join(" ");
}

function unitLine(unit: UnitStatus, { cpuPercent, selected }: TopView, now: Date): string {
  const cpu = cpuOf(unit, cpuPercent);
  const memory = memoryOf(unit);
  const isUp = unit.active_state === "active" || unit.active_state === "reloading";
  const cells = [
    printable(unit.name),
    unit.active_state,
    unit.main_pid === null ? "-" : String(unit.main_pid),
    String(unit.instances.length),
    String(unit.generation),
    String(unit.restarts),
    cpu === null ? "-" : cpu.toFixed(1),
    memory === null ? "-" : bytes(memory),
    isUp ? age(now.getTime() - Date.parse(unit.since)) : "-",
  ];
  return `${unit.name === selected ? "> " : "  "}${row(cells)}`;
}

/** Fills the line, so that a selected one is marked over its whole width. */
function fit(line: string, width: number): string {
  return clip(line, width).padEnd(width === Infinity ? 0 : width);
}

function cpuOf(unit: UnitStatus, cpuPercent: ReadonlyMap<string, number>): number | null {
  const known = unit.instances.flatMap(({ invocation_id }) => cpuPercent.get(invocation_id) ?? []);
  return known.length === 0 ? null : known.reduce((sum, each) => sum + each, 0);
}

function memoryOf(unit: UnitStatus): number | null {
  const known = unit.instances.flatMap(({ memory_bytes }) => memory_bytes ?? []);
  return known.length === 0 ? null : known.reduce((sum, each) => sum + each, 0);
}

function headLine({ supervisor, units }: Status, now: Date): string {
  const { version, runtime, pid, started_at } = supervisor;
  const count = (state: string) => units.filter((unit) => unit.active_state === state).length;
  const failed = count("failed");
  const counts = `${units.length} units, ${count("active") + count("reloading")} active`;
  const up = age(now.getTime() - Date.parse(started_at));
  return `supervisor ${version} on ${runtime}, pid ${pid}, up ${up}: ${counts}${failed > 0 ? `, ${failed} failed` : ""}`;
}

function footLine({ sorting }: TopView, selected: UnitStatus | undefined): string {
  const said = selected?.reason ?? selected?.status_text ?? null;
  const about = selected && said !== null ? `${selected.name}: ${said}  ` : "";
  return `${about}q quit  j k select  s sort (${sorting})`;
}
