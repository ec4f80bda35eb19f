import { createGroups } from "../../supervisor/host/groups.ts";

const ONE_GIB = 2 ** 30;

/** Why no unit can be held to a `memory_max` here; null when one can. */
export const memoryLimitRefusal: string | null = findRefusal();

function findRefusal(): string | null {
  const notes: string[] = [];
  const groups = createGroups({ note: (text) => notes.push(text) });
  if (!groups) return "no control group can be made here";
  const resources = { memoryMaxBytes: ONE_GIB, cpuQuotaPercent: Infinity, tasksMax: Infinity };
  const group = groups.make("asked", resources);
  if (group) groups.discard(group);
  groups.close();
  return notes[0] ?? null;
}
