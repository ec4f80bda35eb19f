import { readRoot } from "../../host/unit-files.ts";
import { faultLine } from "../../unit/fault.ts";
import type { Unit } from "../../unit/unit.ts";
import { bad, type Finding, well } from "./finding.ts";

/** Reads the unit files of a root. Gives the units only when all of them are valid. */
export async function checkUnits(root: string): Promise<Readonly<{ finding: Finding; units: readonly Unit[] }>> {
  const found = readRoot(root);
  const { readUnits } = await import("../../unit/set.ts");
  const read = readUnits(found.files, { unread: found.faults });
  const [first, ...others] = read.ok ? [] : read.faults;
  const units = read.ok ? read.value : [];
  if (first === undefined) {
    const enabled = units.filter((unit) => unit.enabled).length;
    return { finding: well("units", `${units.length} valid, ${enabled} of them enabled`), units };
  }
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  return { finding: bad("units", `${faultLine(first)}${more}`, "supervisor check tells every fault"), units };
}
