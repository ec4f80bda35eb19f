import { clashFaults } from "./clash.ts";
import { type Fault, fail, type Outcome, ok } from "./fault.ts";
import { graphFaults, type LineOf } from "./graph.ts";
import { parsePlaced, type UnitFile } from "./parse.ts";
import { lineOf } from "./position.ts";
import type { BindableSocket, Unit } from "./unit.ts";

/** What there is besides the files. `unread`: files that could not be read; `toBind`: a unit's sockets with their placeholders filled in. */
export type Beside = Readonly<{
  unread?: readonly Fault[];
  toBind?: (unit: Unit) => Outcome<readonly BindableSocket[]>;
}>;

/**
 * Reads all unit files of a root, in the order given.
 * Errors: every fault of every file, of the graph, and of listeners that are in each other's way, at once, by file and line.
 */
export function readUnits(files: readonly UnitFile[], { unread = [], toBind }: Beside = {}): Outcome<readonly Unit[]> {
  const known = files.map((file) => file.name);
  const outcomes = files.map(parsePlaced);
  const placed = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : []));
  const places = new Map(placed.map((each) => [each.unit.name, each.places]));
  const units = placed.map((each) => each.unit);
  const line: LineOf = (unit, key) => {
    const found = places.get(unit);
    return found && lineOf(found, key);
  };
  const faults = [
    ...unread,
    ...outcomes.flatMap((outcome) => (outcome.ok ? [] : outcome.faults)),
    ...twiceFaults(files),
    ...graphFaults(units, known, line),
    ...(toBind ? clashFaults(units, toBind, line) : []),
  ];
  const [first, ...rest] = faults.sort(byPlace);
  return first === undefined ? ok(units) : fail(first, ...rest);
}

function twiceFaults(files: readonly UnitFile[]): readonly Fault[] {
  return files.flatMap((source, index): Fault[] => {
    const { name, file } = source;
    const earlier = files.slice(0, index).find((each) => each.name === name);
    if (earlier === undefined) return [];
    const message = `there is a unit "${name}" already, in ${earlier.file}`;
    return [{ code: "unit-invalid", message, retry: "never", unit: name, at: { file, line: 1 } }];
  });
}

function byPlace(a: Fault, b: Fault): number {
  const fileA = a.at?.file ?? "";
  const fileB = b.at?.file ?? "";
  if (fileA !== fileB) return fileA < fileB ? -1 : 1;
  return (a.at?.line ?? 0) - (b.at?.line ?? 0);
}
