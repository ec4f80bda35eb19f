import { readRoot } from "../../host/unit-files.ts";
import type { Outcome } from "../../unit/fault.ts";
import type { Unit } from "../../unit/unit.ts";

/** The units of a root as their files say now. Errors: every fault of them. */
export async function unitsOf(root: string): Promise<Outcome<readonly Unit[]>> {
  const { files, faults } = readRoot(root);
  const { readUnits } = await import("../../unit/set.ts");
  return readUnits(files, { unread: faults });
}
