import type { Resources } from "../unit/resources.ts";

/** The period that a processor's share is counted in. Units: microseconds. Source: the kernel's own default. */
const PERIOD_US = 100_000;
/** Less the kernel does not take. */
const LEAST_QUOTA_US = 1000;

/** One limit of a control group. `resource`: the key of the unit file. Shape: `memory_max`, `memory`, `memory.max`, `1048576`. */
export type Limit = Readonly<{ resource: string; controller: string; file: string; value: string }>;

/** The limits of a unit as the kernel wants them. */
export function limitsOf(resources: Resources | null): readonly Limit[] {
  if (resources === null) return [];
  const { memoryMaxBytes, cpuQuotaPercent, tasksMax } = resources;
  const quotaUs = Math.max(LEAST_QUOTA_US, Math.round((cpuQuotaPercent / 100) * PERIOD_US));
  const all = [
    {
      of: memoryMaxBytes,
      resource: "memory_max",
      controller: "memory",
      file: "memory.max",
      value: `${memoryMaxBytes}`,
    },
    {
      of: cpuQuotaPercent,
      resource: "cpu_quota",
      controller: "cpu",
      file: "cpu.max",
      value: `${quotaUs} ${PERIOD_US}`,
    },
    { of: tasksMax, resource: "tasks_max", controller: "pids", file: "pids.max", value: `${tasksMax}` },
  ];
  return all.flatMap(({ of, ...limit }) => (of === Number.POSITIVE_INFINITY ? [] : [limit]));
}
