import { type Fault, fail, type Outcome, ok } from "./fault.ts";
import { graphFaults } from "./graph.ts";
import { parsePlaced, type UnitFile } from "./parse.ts";
import { lineOf } from "./position.ts";
import type { Unit } from "./unit.ts";

/**
 * Reads all unit files of a root, in the order given.
 * Errors: every fault of every file and of the graph at once, by file and line.
 */
export function readUnits(files: readonly UnitFile[]): Outcome<readonly Unit[]> {
  const known = files.map((file) => file.name);
  const outcomes = files.map(parsePlaced);
  const placed = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : []));
  const places = new Map(placed.map((each) => [each.unit.name, each.places]));
  const units = placed.map((each) => each.unit);
  const faults = [
    ...outcomes.flatMap((outcome) => (outcome.ok ? [] : outcome.faults)),
    ...twiceFaults(files),
    ...graphFaults(units, known, (unit, key) => {
      const found = places.get(unit);
      return found && lineOf(found, key);
    }),
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
