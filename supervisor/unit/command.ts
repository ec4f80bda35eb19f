import { baseEnvironment, type EnvironmentText, type Login, readEnvironmentFiles } from "./environment.ts";
import { type Fault, fail, type Outcome, ok, unreachable } from "./fault.ts";
import { type Filler, filler } from "./filler.ts";
import { resolvePath } from "./path.ts";
import { withoutTolerance } from "./tolerance.ts";
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
  /**
   * What is known only at the moment of the start. Shape: `{ CREDENTIALS_DIRECTORY: "/run/x" }`.
   * It may be used as a placeholder everywhere, and wins over everything in the environment.
   */
  extra?: Readonly<Record<string, string>> | undefined;
  /** The runtimes' programs; null when the machine has none. */
  runtimePaths: Readonly<Record<Exclude<Runtime, "auto">, string | null>>;
  /** What `runtime = "auto"` means. */
  self: "bun" | "deno";
  /** What a script on `self` needs in its environment for that. Shape: `{ BUN_BE_BUN: "1" }` where Bun is part of the supervisor. */
  selfEnvironment?: Readonly<Record<string, string>>;
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
  const use = fillerOf(unit, context);
  const paths = unit.service.environmentFiles.map(({ path, optional }) => ({
    path: resolvePath(context.root, use.fill("service.environment_file", path)),
    optional,
  }));
  return settle(use.faults, paths);
}

/** One of the other commands of a unit. Shape: `{ argv: ["/bin/kill", "$MAINPID"], key: "service.exec_stop", extra: { MAINPID: "42" } }`. */
export type Line = Readonly<{
  argv: Argv;
  /** For the places of faults. */
  key: string;
  /** Takes the place of the context's. */
  extra?: CommandContext["extra"];
}>;

/**
 * Makes the command of one instance: base environment, then the environment files, then `environment`; each later one wins.
 * Errors: placeholder-missing; unit-invalid for an environment file; spawn-failed when the machine lacks the runtime.
 * Why: a value of `environment` may use those before it, so that `PATH = "%r/bin:${PATH}"` does what it says.
 */
export function command(unit: Unit, context: FilledContext): Outcome<Command> {
  const own = isOnSelf(unit, context) ? context.selfEnvironment : {};
  return made(unit, context, (use) => ({ argv: toArgv(unit, context, use), env: { ...use.variables, ...own } }));
}

function isOnSelf({ service: { exec } }: Unit, { self }: CommandContext): boolean {
  return exec.tag === "script" && (exec.runtime === "auto" || exec.runtime === self);
}

/**
 * Makes one of the unit's other commands (`exec_start_pre` and its like), with the environment and the directory of the
 * main one. A prefix "-" of the program is taken off: see `ignoresFailure`.
 * Shape: with `extra: { MAINPID: "42" }`, `["kill", "$MAINPID", "${MAINPID}"]` → `["kill", "42", "42"]`. A word that is
 * nothing but `$NAME`, and empty, is left out; only what `extra` gives and the four names below may be written so.
 * Errors: as `command`; MAINPID, SERVICE_RESULT, EXIT_CODE and EXIT_STATUS are empty and no fault when they are not given.
 * Source: systemd.service(5), "Command lines"; systemd.exec(5), "Environment Variables Set or Propagated by the Service Manager".
 */
export function commandLine(unit: Unit, context: FilledContext, line: Line): Outcome<Command> {
  const { argv, key, extra = context.extra ?? {} } = line;
  return made(unit, { ...context, extra }, (use) => {
    const env = { ...use.variables };
    for (const name of AT_RUN_TIME) if (!Object.hasOwn(env, name)) use.set(name, "");
    const bare = new Set([...AT_RUN_TIME, ...Object.keys(extra)].map((name) => `$${name}`));
    const [program, ...args] = withoutTolerance(argv);
    const words = args.flatMap((arg) => {
      if (!bare.has(arg)) return [use.fill(key, arg)];
      const value = use.variables[arg.slice(1)] ?? "";
      return value === "" ? [] : [value];
    });
    return { argv: [use.fill(key, program), ...words], env };
  });
}

type FilledContext = CommandContext & Readonly<{ environmentFiles: readonly EnvironmentText[] }>;

/** A stop may find no main process, and a command that follows a start knows of no end. */
const AT_RUN_TIME = ["MAINPID", "SERVICE_RESULT", "EXIT_CODE", "EXIT_STATUS"];

/** Fills in the environment and the directory, which are the same for all commands of a unit. */
function made(
  unit: Unit,
  context: FilledContext,
  line: (use: Filler) => Pick<Command, "argv" | "env">,
): Outcome<Command> {
  const wanted = environmentFilePaths(unit, context);
  if (!wanted.ok) return wanted;
  const files = readEnvironmentFiles(unit, wanted.value, context.environmentFiles);
  const use = fillerOf(unit, context);
  const isGiven = (name: string): boolean => Object.hasOwn(context.extra ?? {}, name);
  for (const [name, value] of files.variables) if (!isGiven(name)) use.set(name, value);
  for (const [name, template] of Object.entries(unit.service.environment)) {
    if (!isGiven(name)) use.set(name, use.fill(`service.environment.${name}`, template));
  }
  const cwd = resolvePath(context.root, use.fill("service.working_directory", unit.service.workingDirectory));
  const { argv, env } = line(use);
  return settle([...files.faults, ...use.faults], { argv, env, cwd });
}

function fillerOf(unit: Unit, context: CommandContext): Filler {
  const base = baseEnvironment(unit, context.environ, context.login);
  return filler(unit, { ...context, variables: { ...base, ...context.extra } });
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
