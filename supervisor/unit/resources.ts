import type { Service } from "./unit.ts";

/** How much of the machine a service may take, all its processes together. */
export type Resources = Readonly<Pick<Service, "memoryMaxBytes" | "cpuQuotaPercent" | "tasksMax">>;

/** What a unit asks for; null when it may take as much as it likes. */
export function resourcesOf({ memoryMaxBytes, cpuQuotaPercent, tasksMax }: Service): Resources | null {
  const all = [memoryMaxBytes, cpuQuotaPercent, tasksMax];
  return all.every((limit) => limit === Infinity) ? null : { memoryMaxBytes, cpuQuotaPercent, tasksMax };
}
