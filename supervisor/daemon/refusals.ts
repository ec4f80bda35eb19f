import { type Fault, faultLine } from "../unit/fault.ts";
import type { Unit } from "../unit/unit.ts";
import { type Told, told } from "./happening.ts";

/** Tells why files were refused, to each unit that it concerns: so that `why` has it of the unit whose file it is, and of those that read the section. */
export function refusals(faults: readonly Fault[], units: readonly Unit[]): readonly Told[] {
  return faults.flatMap((fault) => {
    const text = faultLine(fault);
    return concerned(fault, units).map((unit) => ({ ...told("error", "config.refused", text), unit, why: text }));
  });
}

function concerned({ unit, at }: Fault, units: readonly Unit[]): readonly (string | null)[] {
  if (unit !== undefined) return [unit];
  const [section = ""] = at?.key?.split(".") ?? [];
  const readers = units.filter(({ service }) => service.config.includes(section)).map(({ name }) => name);
  return readers.length > 0 ? readers : [null];
}
