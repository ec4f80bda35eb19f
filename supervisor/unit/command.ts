import { baseEnvironment, type EnvironmentText, type Login, readEnvironmentFiles } from "./environment.ts";
import { type Fault, fail, type Outcome, ok, unreachable } from "./fault.ts";
import { type Filler, filler } from "./filler.ts";
import { resolvePath } from "./path.ts";
import type { Argv, Runtime, Service, Unit } from "./unit.ts";

/** What a command line is made of, besides the unit. */
export type CommandContext = Readonly<{
  instance: number;
  /** Absolute. */
  root: string;
  /** Absolute. */
  stateDir: string;
  /** The supervisor's own environment. */
  environ: Readonly<Record<string, string | undefined>>;
  /** What the account that the unit's `user` names brings along; `environment_file` and `environment` win over it. */
  login?: Login | undefined;
  /** The runtimes' programs; null when the machine has none. */
  runtimePaths: Readonly<Record<Exclude<Runtime, "auto">, string | null>>;
  /** What `runtime = "auto"` means. */
  self: "bun" | "deno";
}>;

/** What is to be executed, where, and with which environment. */
export type Command = Readonly<{ argv: Argv; env: Readonly<Record<string, string>>; cwd: string }>;

/**
 * Names the files that the caller has to read before it calls `command`, absolute and in order.
 * Errors: placeholder-missing; only the base environment counts here, since these files make up the rest.
 */
export function environmentFilePaths(
  unit: Unit,
  context: CommandContext,
): Outcome<readonly Readonly<{ path: string; optional: boolean }>[]> {
  const use = filler(unit, { ...context, variables: baseEnvironment(unit, context.environ, context.login) });
  const paths = unit.service.environmentFiles.map(({ path, optional }) => ({
    path: resolvePath(context.root, use.fill("service.environment_file", path)),
    optional,
  }));
  return settle(use.faults, paths);
}

/**
 * Makes the command of one instance: base environment, then the environment files, then `environment`; each later one wins.
 * Errors: placeholder-missing; unit-invalid for an environment file; spawn-failed when the machine lacks the runtime.
 * Why: a value of `environment` may use those before it, so that `PATH = "%r/bin:${PATH}"` does what it says.
 */
export function command(
  unit: Unit,
  context: CommandContext & Readonly<{ environmentFiles: readonly EnvironmentText[] }>,
): Outcome<Command> {
  const wanted = environmentFilePaths(unit, context);
  if (!wanted.ok) return wanted;
  const files = readEnvironmentFiles(unit, wanted.value, context.environmentFiles);
  const use = filler(unit, { ...context, variables: baseEnvironment(unit, context.environ, context.login) });
  for (const [name, value] of files.variables) use.set(name, value);
  for (const [name, template] of Object.entries(unit.service.environment)) {
    use.set(name, use.fill(`service.environment.${name}`, template));
  }
  const cwd = resolvePath(context.root, use.fill("service.working_directory", unit.service.workingDirectory));
  const argv = toArgv(unit, context, use);
  return settle([...files.faults, ...use.faults], { argv, env: use.variables, cwd });
}

function settle<T>([first, ...rest]: readonly Fault[], value: T): Outcome<T> {
  return first === undefined ? ok(value) : fail(first, ...rest);
}

function toArgv(unit: Unit, context: CommandContext, use: Filler): Argv {
  const { exec } = unit.service;
  if (exec.tag === "program") {
    const [program, ...args] = exec.argv;
    return [use.fill("service.exec_start", program), ...args.map((arg) => use.fill("service.exec_start", arg))];
  }
  const script = resolvePath(context.root, use.fill("service.script", exec.script));
  const args = exec.args.map((arg) => use.fill("service.args", arg));
  return [...toRuntime(unit, exec, context, use), script, ...args];
}

type Script = Extract<Service["exec"], { tag: "script" }>;

function toRuntime(unit: Unit, exec: Script, { runtimePaths, self }: CommandContext, use: Filler): Argv {
  const runtime = exec.runtime === "auto" ? self : exec.runtime;
  const program = runtimePaths[runtime];
  if (program === null || program === "") {
    const at = { file: unit.file, key: "service.runtime" };
    const message = `${runtime} is not installed here`;
    use.faults.push({ code: "spawn-failed", message, retry: "later", unit: unit.name, at });
    return [runtime];
  }
  switch (runtime) {
    case "bun":
    case "node":
      return [program];
    case "deno":
      return [program, "run", "--allow-all", "--no-prompt", "--quiet"];
    default:
      return unreachable(runtime);
  }
}
