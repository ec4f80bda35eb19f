import type { Service } from "../unit.ts";
import { value } from "./value.ts";
import { z } from "./zod.ts";

/** The resources that setrlimit(2) knows, as they follow `limit_`. Source: systemd.exec(5), "Process Properties". */
const LIMITS = [
  ...(["as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue"] as const),
  ...(["nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack"] as const),
];

type LimitKey = `limit_${(typeof LIMITS)[number]}`;

/** The keys that set a limit of setrlimit(2). */
export const limitShape = Object.fromEntries(LIMITS.map((name) => [`limit_${name}`, value.limit.optional()])) as Record<
  LimitKey,
  z.ZodOptional<typeof value.limit>
>;

/** The keys of `[service]` that say as whom it runs, and how much it may take. */
export const privilegeShape = {
  user: value.text.default(""),
  group: value.text.default(""),
  supplementary_groups: value.names.default([]),
  umask: value.octal.nullable().default(null),
  nice: z.int().min(-20).max(19).nullable().default(null),
  oom_score_adjust: z.int().min(-1000).max(1000).nullable().default(null),
  ...limitShape,
  memory_max: value.size.default(Infinity),
  cpu_quota: value.percent.default(Infinity),
  tasks_max: value.count.default(Infinity),
  no_new_privileges: z.boolean().default(false),
};

type Parsed = z.infer<z.ZodObject<typeof privilegeShape>>;

type Privilege =
  | ("user" | "group" | "supplementaryGroups" | "umask" | "nice" | "oomScoreAdjust" | "limits")
  | ("memoryMaxBytes" | "cpuQuotaPercent" | "tasksMax" | "noNewPrivileges");

/** Gives the keys their place in the unit. */
export function toPrivilege(parsed: Parsed): Pick<Service, Privilege> {
  const limits: Record<string, number> = {};
  for (const name of LIMITS) {
    const limit = parsed[`limit_${name}`];
    if (limit !== undefined) limits[name] = limit;
  }
  return {
    user: parsed.user,
    group: parsed.group,
    supplementaryGroups: parsed.supplementary_groups,
    umask: parsed.umask,
    nice: parsed.nice,
    oomScoreAdjust: parsed.oom_score_adjust,
    limits,
    memoryMaxBytes: parsed.memory_max,
    cpuQuotaPercent: parsed.cpu_quota,
    tasksMax: parsed.tasks_max,
    noNewPrivileges: parsed.no_new_privileges,
  };
}
