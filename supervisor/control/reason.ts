import type { Reason, Relation } from "../unit/reason.ts";
import { z } from "../unit/schema/zod.ts";

const relation = z.enum(["requires", "binds_to", "part_of", "conflicts", "needed_by"]) satisfies z.ZodType<Relation>;
const of = <T extends string, S extends z.ZodRawShape>(tag: T, shape: S) => z.object({ tag: z.literal(tag), ...shape });

/** One reason, as zod. */
export const reason = z.discriminatedUnion("tag", [
  of("exit", { code: z.int(), ready: z.boolean() }),
  of("signal", { signal: z.string(), core: z.boolean(), ready: z.boolean() }),
  of("oom", { signal: z.string() }),
  of("unseen", { ready: z.boolean() }),
  of("spawn", { stage: z.string(), code: z.string(), message: z.string() }),
  of("timeout", { of: z.enum(["start", "stop", "runtime", "command"]), limit_ms: z.number() }),
  of("watchdog", { limit_ms: z.number().nullable() }),
  of("probe", { kind: z.string(), failures: z.int(), detail: z.string() }),
  of("not-serving", { listeners: z.array(z.string()) }),
  of("stopping", {}),
  of("command", { kind: z.string(), program: z.string() }),
  of("start-limit", { burst: z.int(), interval_ms: z.number() }),
  of("old-generation", {}),
  of("sibling", { instance: z.int() }),
  of("stopped", {}),
  of("restart", { attempt: z.int(), burst: z.int() }),
  of("dependency", { unit: z.string(), relation }),
  of("manual", {
    order: z.string(),
    user: z.string().nullable(),
    uid: z.int().nullable(),
    pid: z.int().nullable(),
    command: z.string().nullable(),
  }),
  of("daemon-signal", { order: z.string(), signal: z.string() }),
  of("boot", {}),
  of("release", { release: z.string(), why: z.string() }),
  of("config", { keys: z.array(z.string()) }),
]);

/** Why something happened, as zod: the nearest reason, and those behind it. */
export const chain = z.intersection(reason, z.object({ because: z.array(reason) }));

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
type Tags<T extends Readonly<{ tag: string }>> = T["tag"];
true satisfies Same<Tags<z.infer<typeof reason>>, Tags<Reason>>;
