import type { Unit } from "../../unit/unit.ts";
import type { Loss } from "../loss.ts";
import type { ContainerOptions } from "./options.ts";
import { type Workload, workloadOf } from "./workload.ts";

/** A workload, and the losses that are found while its files are written. */
export type Told = Readonly<{ workload: Workload; losses: Loss[] }>;

/** Makes the workloads of all units that are to run: not of one that is not enabled, nor of one whose name is taken. */
export function workloadsOf(
  units: readonly Unit[],
  options: ContainerOptions,
): Readonly<{ told: readonly Told[]; losses: readonly Loss[] }> {
  const told = new Map<string, Told>();
  const losses: Loss[] = [];
  for (const unit of units) {
    if (!unit.enabled) {
      losses.push({ unit: unit.name, key: "unit.enabled", why: "not written: it is not enabled" });
      continue;
    }
    const own: Loss[] = [];
    const lose = (key: string, why: string): void => {
      if (!own.some((loss) => loss.key === key && loss.why === why)) own.push({ unit: unit.name, key, why });
    };
    const workload = workloadOf(unit, options, lose);
    const rival = told.get(workload.name)?.workload.unit.name;
    if (rival === undefined) told.set(workload.name, { workload, losses: own });
    else
      losses.push({ unit: unit.name, key: "unit", why: `not written: ${rival} is called ${workload.name} there, too` });
  }
  return { told: [...told.values()], losses };
}
