import type { Happening, Verdict } from "../daemon/ports.ts";
import type { Fault, FaultCode } from "../unit/fault.ts";
import type { Plan } from "../unit/plan.ts";
import type { ReleaseStatus } from "../unit/release.ts";
import { z } from "../unit/schema/zod.ts";
import type { Setting } from "../unit/setting.ts";
import type { Status, UnitStatus } from "../unit/status.ts";
import type { Why } from "../unit/why.ts";
import type { Problem } from "./problem.ts";
import { chain, reason } from "./reason.ts";

const code = z.enum([
  "unit-invalid",
  "unit-unknown",
  "unit-required",
  "dependency-cycle",
  "placeholder-missing",
  "listener-busy",
  "listener-failed",
  "spawn-failed",
  "credential-failed",
  "handover-kept-old",
  "start-failed",
  "timed-out",
  "request-invalid",
  "shutting-down",
  "release-unknown",
  "release-bad",
  "release-busy",
  "not-supported",
]) satisfies z.ZodType<FaultCode>;

const fault = z.object({
  code,
  message: z.string(),
  retry: z.enum(["never", "later"]),
  unit: z.string().optional(),
  at: z.object({ file: z.string(), line: z.number().optional(), key: z.string().optional() }).optional(),
});

const process = z.object({
  pid: z.int(),
  ppid: z.int(),
  command: z.string(),
  tasks: z.int(),
  memory_bytes: z.number(),
  cpu_seconds: z.number(),
});

const instance = z.object({
  name: z.string(),
  pid: z.int().nullable(),
  generation: z.int(),
  invocation_id: z.string(),
  phase: z.string(),
  ready_at: z.string().nullable(),
  status_text: z.string().nullable(),
  memory_bytes: z.number().nullable(),
  cpu_seconds: z.number().nullable(),
  health: z.enum(["healthy", "unhealthy", "unknown"]),
  probes: z.array(
    z.object({ kind: z.string(), verdict: z.enum(["passing", "failing", "unknown"]), detail: z.string() }),
  ),
  processes: z
    .array(process)
    .describe("Everybody alive of this invocation; only in the answer for one unit.")
    .optional(),
});

const onlyForOne = "Only in the answer for one unit.";
const listener = z.object({
  name: z.string(),
  address: z.string(),
  waiting: z.int().nullable().describe(onlyForOne).optional(),
  served_by: z
    .array(z.object({ pid: z.int(), command: z.string() }))
    .describe(onlyForOne)
    .optional(),
});

const unit = z.object({
  name: z.string(),
  description: z.string(),
  file: z.string(),
  changed_on_disk: z.boolean(),
  outdated: z.boolean(),
  active_state: z.enum(["active", "reloading", "inactive", "failed", "activating", "deactivating"]),
  sub_state: z.enum([
    "running",
    "exited",
    "dead",
    "start",
    "start-pre",
    "start-post",
    "reload",
    "stop",
    "stop-post",
    "auto-restart",
    "stop-sigterm",
    "stop-sigkill",
    "failed",
  ]),
  health: z.enum(["healthy", "unhealthy", "unknown"]),
  main_pid: z.int().nullable(),
  generation: z.int(),
  wanted: z.enum(["up", "down"]),
  restarts: z.int(),
  since: z.string(),
  result: z.enum([
    "success",
    "exit-code",
    "signal",
    "core-dump",
    "timeout",
    "watchdog",
    "start-limit-hit",
    "oom-kill",
    "resources",
    "probe",
    "protocol",
  ]),
  status_text: z.string().nullable(),
  warnings: z.array(z.string()),
  reason: z.string().nullable(),
  instances: z.array(instance),
  listeners: z.array(listener),
  handover: z.object({
    last_result: z.enum(["done", "kept-old", "none"]),
    ready_ms: z.number().nullable(),
    drain_ms: z.number().nullable(),
    reason: z.string().nullable(),
  }),
  release: z.string().nullable(),
  last_exit: z.object({ code: z.int().nullable(), signal: z.string().nullable(), at: z.string() }).nullable(),
});

const status = z.object({
  schema_version: z.literal(1),
  supervisor: z.object({
    pid: z.int(),
    version: z.string(),
    runtime: z.string(),
    started_at: z.string(),
    root: z.string(),
    changed_on_disk: z.boolean(),
    config_source: z
      .object({
        url: z.string(),
        state: z.enum(["asked", "answers", "away"]),
        since: z.string(),
        reason: z.string().nullable(),
      })
      .optional(),
  }),
  units: z.array(unit),
});

const json = z.json();

const loadedUnit = z
  .looseObject({ name: z.string(), file: z.string(), service: z.record(z.string(), json) })
  .describe("The settings with every default filled in; of the environment only the names.");

const verdict = z.object({
  unit: z.string(),
  result: z.enum(["done", "failed", "kept-old", "refused", "timed-out"]),
  message: z.string(),
  tail: z.array(z.string()),
  fault: fault.nullable(),
});

const planned = z.object({
  action: z.enum(["nothing", "live", "handover", "restart", "start", "stop"]),
  keys: z.array(z.string()),
  reason: z.string().nullable(),
});

const plan = z.object({
  units: z.array(planned.extend({ unit: z.string() })),
  config: planned.extend({ action: z.enum(["nothing", "live"]) }),
});

const setting = z.object({
  key: z.string(),
  value: z.union([z.string(), z.number(), z.boolean()]).nullable(),
  origin: z.string().describe("The layer that set it; of a file with the line."),
  secret: z.boolean().describe("Whether the value is hidden."),
  live: z.boolean().describe("Whether a change holds without a new process."),
});

const happening = z.object({
  seq: z.int(),
  at: z.string(),
  event: z.string(),
  unit: z.string().nullable(),
  instance: z.int().nullable(),
  invocation: z.string().nullable(),
  generation: z.int().nullable(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  why: z.string().nullable(),
  cause: chain.nullable(),
  duration_ms: z.number().nullable(),
  pid: z.int().nullable(),
});

const why = z.object({
  ...unit.pick({ name: true, active_state: true, sub_state: true, since: true, generation: true }).shape,
  life: z.string(),
  entries: z.array(
    z.object({
      ...happening.omit({ seq: true, unit: true }).shape,
      life: z.string(),
      text: z.string(),
      output: z.array(z.string()),
    }),
  ),
});

const release = z.object({
  id: z.string(),
  state: z.enum(["good", "bad", "proving", "unproven"]),
  current: z.boolean(),
  reason: z.string().nullable(),
  at: z.string(),
  by: z.string().nullable(),
  commit: z.string().nullable(),
  source: z.string(),
  runtime: z.string(),
  hash: z.string(),
  config_hash: z.string(),
  files: z.int(),
  size_bytes: z.int(),
  added_bytes: z.int(),
});

const problem = z.object({
  type: z.literal("about:blank"),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.union([code, z.literal("internal")]),
  retry: z.enum(["never", "later"]),
  faults: z.array(fault),
});

/**
 * The shapes of the control API, as zod: bodies are checked with them, the OpenAPI document is made of them.
 * Answers are typed by hand elsewhere; the checks below keep the two from drifting apart.
 */
export const schemas = {
  Status: status,
  UnitStatus: unit,
  Json: json,
  LoadedUnit: loadedUnit,
  Verdicts: z.object({ verdicts: z.array(verdict) }),
  Accepted: z.object({ accepted: z.literal(true) }),
  Plan: plan,
  Settings: z.object({ settings: z.array(setting) }),
  Reason: reason,
  Chain: chain,
  Happening: happening,
  Why: why,
  Problem: problem,
  Health: z.object({ status: z.literal("ok") }),
  NoBody: z.strictObject({}),
  StopBody: z.strictObject({ cascade: z.boolean().default(false) }),
  ScaleBody: z
    .strictObject({ instances: z.int().min(1).optional(), by: z.int().optional() })
    .refine((body) => (body.instances === undefined) !== (body.by === undefined), "needs either instances or by"),
  Releases: z.object({ releases: z.array(release) }),
  DeployBody: z.strictObject({ insist: z.boolean().default(false) }),
  RollbackBody: z.strictObject({ release: z.string().min(1).max(64).nullish() }),
  ReexecBody: z.strictObject({ runtime: z.enum(["bun", "deno"]).nullish() }),
  SignalBody: z.strictObject({ signal: z.string().min(1).max(16) }),
};

type Written<T> = T extends (infer E)[]
  ? readonly Written<E>[]
  : T extends object
    ? { readonly [K in keyof T]: Written<Exclude<T[K], undefined>> }
    : T;
/** `true` only when each says what the other says; optional keys aside, which zod types more loosely. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;

true satisfies Same<Written<z.infer<typeof status>>, Status>;
true satisfies Same<Written<z.infer<typeof unit>>, UnitStatus>;
true satisfies Same<Written<z.infer<typeof verdict>>, Verdict>;
true satisfies Same<Written<z.infer<typeof plan>>, Plan>;
true satisfies Same<Written<z.infer<typeof setting>>, Setting>;
true satisfies Same<Written<z.infer<typeof happening>>, Happening>;
true satisfies Same<Written<z.infer<typeof why>>, Why>;
true satisfies Same<Written<z.infer<typeof release>>, ReleaseStatus>;
true satisfies Same<Written<z.infer<typeof problem>>, Problem>;
true satisfies Same<Written<z.infer<typeof fault>>, Fault>;
