import type { Service } from "../unit.ts";
import { value } from "./value.ts";
import { z } from "./zod.ts";

/** The keys of `[service]` that say what runs, and in which surroundings. */
export const programShape = {
  type: z.enum(["simple", "exec", "notify", "oneshot"]).default("simple"),
  script: value.template.min(1).optional(),
  args: z.array(value.template).default([]),
  runtime: z.enum(["auto", "bun", "deno", "node"]).default("auto"),
  exec_start: value.argv.optional(),
  exec_start_pre: value.argvs.default([]),
  exec_start_post: value.argvs.default([]),
  exec_reload: value.argvs.default([]),
  exec_stop: value.argvs.default([]),
  exec_stop_post: value.argvs.default([]),
  instances: z.int().min(1).default(1),
  working_directory: value.template.min(1).default("%r"),
  environment: value.environment.default({}),
  inherit_environment: z.boolean().default(true),
  environment_file: z
    .array(
      value.template.regex(/^-?[^-]/, {
        error: 'must be a path, with one "-" before it where the file may be missing',
      }),
    )
    .default([]),
  config: z.array(z.string().regex(/^[a-z_]+$/, { error: "is no section of config/" })).default([]),
  load_credential: value.credentials.default({}),
  load_credential_encrypted: value.credentials.default({}),
};

type Parsed = z.infer<z.ZodObject<typeof programShape>>;

type Program =
  | ("type" | "exec" | "instances" | "workingDirectory" | "environment" | "inheritEnvironment" | "environmentFiles")
  | ("execStartPre" | "execStartPost" | "execReload" | "execStop" | "execStopPost")
  | ("config" | "settings" | "loadCredential" | "loadCredentialEncrypted");

/** Gives the keys their place in the unit. That exactly one of `script` and `exec_start` is there was checked before. */
export function toProgram(parsed: Parsed): Pick<Service, Program> {
  const { script = "", exec_start } = parsed;
  return {
    type: parsed.type,
    exec:
      exec_start === undefined
        ? { tag: "script", script, args: parsed.args, runtime: parsed.runtime }
        : { tag: "program", argv: exec_start },
    execStartPre: parsed.exec_start_pre,
    execStartPost: parsed.exec_start_post,
    execReload: parsed.exec_reload,
    execStop: parsed.exec_stop,
    execStopPost: parsed.exec_stop_post,
    instances: parsed.instances,
    workingDirectory: parsed.working_directory,
    environment: parsed.environment,
    inheritEnvironment: parsed.inherit_environment,
    environmentFiles: parsed.environment_file.map((path) =>
      path.startsWith("-") ? { path: path.slice(1), optional: true } : { path, optional: false },
    ),
    config: parsed.config,
    settings: {},
    loadCredential: parsed.load_credential,
    loadCredentialEncrypted: parsed.load_credential_encrypted,
  };
}
