import type { Workload } from "../container/workload.ts";
import type { YamlMap } from "../yaml.ts";
import type { KubernetesOptions } from "./options.ts";
import { bytes, processors } from "./quantity.ts";

/** What is written for a unit that says nothing: enough for a service of Bun or Deno that does little. */
const ASSUMED = { memoryBytes: 256 * 2 ** 20, cpuPercent: 50 } as const;
/** What a Burstable pod asks for, of what it may take. */
const ASKED = { memory: 1 / 2, cpu: 1 / 4 } as const;

/**
 * Writes requests and limits. Equal ones make a pod Guaranteed: the last that a node in need ends.
 * Source: Kubernetes, "Pod Quality of Service Classes".
 */
export function resources({ unit, lose }: Workload, { burstable }: KubernetesOptions): YamlMap {
  const { memoryMaxBytes, cpuQuotaPercent } = unit.service;
  const memory = Number.isFinite(memoryMaxBytes) ? memoryMaxBytes : ASSUMED.memoryBytes;
  const cpu = Number.isFinite(cpuQuotaPercent) ? cpuQuotaPercent : ASSUMED.cpuPercent;
  if (memory !== memoryMaxBytes)
    lose("service.memory_max", `not in the unit: ${bytes(memory)} is written; measure, and say it`);
  if (cpu !== cpuQuotaPercent)
    lose("service.cpu_quota", `not in the unit: ${processors(cpu)} is written; measure, and say it`);
  const limits = { cpu: processors(cpu), memory: bytes(memory) };
  if (!burstable.has(unit.name)) return { requests: limits, limits };
  return { requests: { cpu: processors(cpu * ASKED.cpu), memory: bytes(memory * ASKED.memory) }, limits };
}
