import { lifecycleShape, toLifecycle } from "./schema/lifecycle.ts";
import { privilegeShape, toPrivilege } from "./schema/privilege.ts";
import { probeShape, toProbe } from "./schema/probe.ts";
import { programShape, toProgram } from "./schema/program.ts";
import { socketShape, toSocket } from "./schema/socket.ts";
import { value } from "./schema/value.ts";
import { z } from "./schema/zod.ts";
import type { Unit } from "./unit.ts";

/**
 * Every key that a unit file may have, by section; `*` stands for a name that the user gives.
 * Why: the schema below and the suggestions both read this one list.
 */
export const sections = {
  unit: {
    description: value.text.optional(),
    enabled: z.boolean().default(true),
    requires: value.names.default([]),
    wants: value.names.default([]),
    after: value.names.default([]),
    before: value.names.default([]),
    binds_to: value.names.default([]),
    part_of: value.names.default([]),
    conflicts: value.names.default([]),
  },
  service: { ...programShape, ...lifecycleShape, ...privilegeShape },
  "socket.*": socketShape,
  "probe.*": probeShape,
  handover: {
    soak_sec: value.span.default(1000),
    drain_sec: value.span.default(30_000),
  },
  output: {
    max_size: value.size.refine((bytes) => bytes >= 1024, { error: "must be 1K or more" }).default(10 * 1024 * 1024),
    max_age: value.limitSpan.default(Infinity),
    max_files: z.int().min(1).default(5),
    compress: z.boolean().default(false),
    timestamps: z.boolean().default(false),
  },
};

const probe = z.strictObject(sections["probe.*"]).optional();

/** Reads a whole unit file, as TOML gives it. What depends on two keys at once is `schema/cross.ts`'s to check. */
export const schema = z.strictObject({
  unit: z.strictObject(sections.unit).prefault({}),
  service: z.strictObject(sections.service).prefault({}),
  socket: z.record(z.string(), z.strictObject(sections["socket.*"])).default({}),
  probe: z.strictObject({ startup: probe, readiness: probe, liveness: probe }).default({}),
  handover: z.strictObject(sections.handover).prefault({}),
  output: z.strictObject(sections.output).prefault({}),
});

type Parsed = z.infer<typeof schema>;

/** Gives what was read its place in a unit. Shape: sockets come in the order of `socketNames`, that of the file. */
export function toUnit(name: string, file: string, parsed: Parsed, socketNames: readonly string[]): Unit {
  const { unit, service, socket, handover, output } = parsed;
  const probes = Object.entries(parsed.probe).flatMap(([kind, one]) => (one ? [[kind, toProbe(one)] as const] : []));
  return {
    name,
    file,
    release: null,
    description: unit.description ?? name,
    enabled: unit.enabled,
    requires: unit.requires,
    wants: unit.wants,
    after: unit.after,
    before: unit.before,
    bindsTo: unit.binds_to,
    partOf: unit.part_of,
    conflicts: unit.conflicts,
    service: { ...toProgram(service), ...toLifecycle(service), ...toPrivilege(service) },
    sockets: socketNames.flatMap((each) => (socket[each] ? [toSocket(each, socket[each])] : [])),
    probes: Object.fromEntries(probes),
    handover: { soakMs: handover.soak_sec, drainMs: handover.drain_sec },
    output: {
      maxSizeBytes: output.max_size,
      maxAgeMs: output.max_age,
      maxFiles: output.max_files,
      compress: output.compress,
      timestamps: output.timestamps,
    },
  };
}
