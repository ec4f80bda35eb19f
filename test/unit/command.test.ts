// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import { expect, test } from "bun:test";
import {
  type CommandContext,
  command,
  commandLine,
  environmentFilePaths,
  type Line,
} from "../../supervisor/unit/command.ts";
import { faultLine } from "../../supervisor/unit/fault.ts";
import type { Unit } from "../../supervisor/unit/unit.ts";
import { faultsOf, unit } from "./sample.ts";

const context: CommandContext & { environmentFiles: { path: string; text: string | null }[] } = {
  instance: 2,
  root: "/srv/app",
  stateDir: "/srv/app/.supervisor",
  environ: { PATH: "/bin", HOME: "/root", LANG: "C.UTF-8", NOTIFY_SOCKET: "/run/x", LISTEN_FDS: "1" },
  environmentFiles: [],
  runtimePaths: { bun: "/opt/bun", deno: "/opt/deno", node: "/opt/node" },
  self: "bun",
};

const api = (keys: string): Unit => unit("api", `[service]\n${keys}\n`);

function made(from: Unit, change: Partial<typeof context> = {}) {
  const outcome = command(from, { ...context, ...change });
  if (!outcome.ok) throw new Error(outcome.faults.map(faultLine).join("\n"));
  return outcome.value;
}

test("a script runs on the supervisor's own runtime, from the root, with its arguments", () => {
  const script = api('script = "services/main.ts"\nargs = ["run", "%n@%i", "--dir=%t"]');
  expect(made(script)).toMatchObject({
    argv: ["/opt/bun", "/srv/app/services/main.ts", "run", "api@2", "--dir=/srv/app/.supervisor"],
    cwd: "/srv/app",
  });
  expect(made(script, { self: "deno" }).argv.slice(0, 6)).toEqual([
    "/opt/deno",
    "run",
    "--allow-all",
    "--no-prompt",
    "--quiet",
    "/srv/app/services/main.ts",
  ]);
});

test("a unit may name its runtime", () => {
  expect(made(api('script = "/a.ts"\nruntime = "node"')).argv).toEqual(["/opt/node", "/a.ts"]);
  expect(made(api('script = "/a.ts"\nruntime = "deno"')).argv[0]).toBe("/opt/deno");
});

test("a runtime that is not there is a fault that names it", () => {
  const runtimePaths = { ...context.runtimePaths, node: null };
  const outcome = command(api('script = "a.ts"\nruntime = "node"'), { ...context, runtimePaths });
  expect(faultsOf(outcome)[0]).toMatchObject({ code: "spawn-failed", message: "node is not installed here" });
});

test("a program is taken as it is written, with its specifiers filled in", () => {
  expect(made(api('exec_start = ["gunicorn", "app:${PORT:-80}", "100%%"]')).argv).toEqual([
    "gunicorn",
    "app:80",
    "100%",
  ]);
});

test("a relative working directory is relative to the root", () => {
  expect(made(api('script = "a.ts"\nworking_directory = "sub/./x/../y"')).cwd).toBe("/srv/app/sub/y");
  expect(made(api('script = "a.ts"\nworking_directory = "%t/run"')).cwd).toBe("/srv/app/.supervisor/run");
  expect(made(api('script = "a.ts"\nworking_directory = "/"')).cwd).toBe("/");
});

test("the supervisor's environment is inherited, less what was meant for the supervisor alone", () => {
  const environ = {
    ...context.environ,
    LISTEN_PID: "1",
    LISTEN_FDNAMES: "x",
    FDSTORE: "1",
    WATCHDOG_USEC: "1",
    WATCHDOG_PID: "1",
    INVOCATION_ID: "x",
    SUPERVISOR_STATE: "x",
    CREDENTIALS_DIRECTORY: "x",
    GONE: undefined,
    LISTENER: "stays",
  };
  const { env } = made(api('script = "a.ts"'), { environ });
  expect(env).toEqual({ PATH: "/bin", HOME: "/root", LANG: "C.UTF-8", LISTENER: "stays" });
});

test("a clean environment has a path and the language, as systemd's", () => {
  const { env } = made(api('script = "a.ts"\ninherit_environment = false'));
  expect(Object.keys(env).sort()).toEqual(["LANG", "PATH"]);
  expect(env.PATH).toContain("/usr/bin");
});

test("files win over what is inherited, later files over earlier ones, and environment over all", () => {
  const from = api(
    'script = "a.ts"\nenvironment_file = ["one.env", "-%r/none.env", "/etc/two.env"]\nenvironment = { D = "own" }',
  );
  const environ = { A: "inherited", B: "inherited", C: "inherited", D: "inherited" };
  const environmentFiles = [
    { path: "/srv/app/one.env", text: "B=one\nC=one\nD=one\n" },
    { path: "/srv/app/none.env", text: null },
    { path: "/etc/two.env", text: "C=two\nD=two\n" },
  ];
  expect(made(from, { environ, environmentFiles }).env).toEqual({ A: "inherited", B: "one", C: "two", D: "own" });
});

test("the account of a unit's user comes before its files and its environment, and can be used in them", () => {
  const login = { HOME: "/var/www", USER: "www-data", LOGNAME: "www-data" };
  const own = api('script = "a.ts"\nenvironment = { USER = "other", CACHE = "${HOME}/cache" }');
  const { env } = made(own, { login });
  expect(env).toEqual({ PATH: "/bin", LANG: "C.UTF-8", ...login, USER: "other", CACHE: "/var/www/cache" });
});

test("the caller is told which files to read", () => {
  const from = api('script = "a.ts"\nenvironment_file = ["-.env", "%t/${LANG}.env"]');
  expect(environmentFilePaths(from, context)).toEqual({
    ok: true,
    value: [
      { path: "/srv/app/.env", optional: true },
      { path: "/srv/app/.supervisor/C.UTF-8.env", optional: false },
    ],
  });
});

test("a file that has to be there and is not is a fault", () => {
  const outcome = command(api('script = "a.ts"\nenvironment_file = ["x.env"]'), context);
  expect(faultsOf(outcome).map(faultLine)).toEqual([
    'units/api.toml: service.environment_file: there is no file /srv/app/x.env; a "-" before the path would allow that',
  ]);
});

test("a variable may be made of those before it", () => {
  const from = api('script = "a.ts"\nargs = ["${B}"]\nenvironment = { PATH = "%r/bin:${PATH}", A = "1", B = "${A}2" }');
  const { env, argv } = made(from);
  expect(env).toMatchObject({ PATH: "/srv/app/bin:/bin", A: "1", B: "12" });
  expect(argv[2]).toBe("12");
});

test("all missing variables are told at once, each with its key", () => {
  const from = api('script = "${S}/a.ts"\nargs = ["${X} ${Y} ${X}"]\nenvironment = { E = "${Z}" }');
  const faults = faultsOf(command(from, context));
  expect(faults.map(faultLine)).toEqual([
    "units/api.toml: service.environment.E: ${Z} is not set, and there is no default",
    "units/api.toml: service.script: ${S} is not set, and there is no default",
    "units/api.toml: service.args: ${X} and ${Y} are not set, and there is no default",
  ]);
  expect(faults.every((fault) => fault.code === "placeholder-missing" && fault.unit === "api")).toBe(true);
});

test("what was meant for the supervisor alone cannot be had through a placeholder either", () => {
  expect(faultsOf(command(api('script = "a.ts"\nargs = ["${NOTIFY_SOCKET}"]'), context))).toHaveLength(1);
});

const stop = (argv: Line["argv"], extra?: Line["extra"]): Line => ({
  argv,
  key: "service.exec_stop",
  ...(extra && { extra }),
});

function madeLine(from: Unit, line: Line) {
  const outcome = commandLine(from, context, line);
  if (!outcome.ok) throw new Error(outcome.faults.map(faultLine).join("\n"));
  return outcome.value;
}

test("another command of a unit runs where the main one does, with its environment and its specifiers", () => {
  const from = api('script = "a.ts"\nworking_directory = "sub"\nenvironment = { PORT = "80" }');
  const main = made(from);
  const line = madeLine(from, stop(["bin/tell", "%n@%i", "--port=${PORT}", "$PORT"]));
  expect(line.argv).toEqual(["bin/tell", "api@2", "--port=80", "$PORT"]);
  expect({ env: line.env, cwd: line.cwd }).toEqual({ env: main.env, cwd: main.cwd });
});

test("a dash before the program is not executed", () => {
  expect(madeLine(api('script = "a.ts"'), stop(["-/bin/rm", "-f"])).argv).toEqual(["/bin/rm", "-f"]);
});

test("what is known only at run time is a variable, a placeholder and a word, and wins over the unit's own", () => {
  const from = api('script = "a.ts"\nenvironment = { MAINPID = "own", EXIT_CODE = "own" }');
  const line = madeLine(from, stop(["kill", "-HUP", "$MAINPID", "p=${MAINPID}", "p=$MAINPID"], { MAINPID: "42" }));
  expect(line.argv).toEqual(["kill", "-HUP", "42", "p=42", "p=$MAINPID"]);
  expect(line.env).toMatchObject({ MAINPID: "42", EXIT_CODE: "own" });
});

test("what is not known at run time is empty and no fault, and as a word of its own it is left out", () => {
  const argv = ["log", "$MAINPID", "${MAINPID}", "$SERVICE_RESULT", "${EXIT_STATUS:-none}", "%n"] as const;
  const line = madeLine(api('script = "a.ts"'), stop(argv));
  expect(line.argv).toEqual(["log", "", "none", "api"]);
  expect(Object.keys(line.env)).not.toContain("MAINPID");
});

test("a placeholder that nothing sets is a fault at the command's own key", () => {
  const outcome = commandLine(api('script = "a.ts"'), context, stop(["log", "${NO_SUCH}"]));
  expect(faultsOf(outcome).map(faultLine)).toEqual([
    "units/api.toml: service.exec_stop: ${NO_SUCH} is not set, and there is no default",
  ]);
});

test("a value that looks like a placeholder is not filled in again", () => {
  const line = madeLine(api('script = "a.ts"'), stop(["log", "$SERVICE_RESULT"], { SERVICE_RESULT: "${HOME} %n" }));
  expect(line.argv).toEqual(["log", "${HOME} %n"]);
});

test("what is known only at the start may be used in the environment, its files and the arguments, and wins", () => {
  const from = api(
    'script = "a.ts"\nargs = ["--key=${DIR}/key"]\nenvironment_file = ["${DIR}/env"]\nenvironment = { DIR = "own", KEY = "${DIR}/key" }',
  );
  const extra = { DIR: "/run/c" };
  const { argv, env } = made(from, { extra, environmentFiles: [{ path: "/run/c/env", text: "A=1\n" }] });
  expect(argv[2]).toBe("--key=/run/c/key");
  expect(env).toMatchObject({ DIR: "/run/c", KEY: "/run/c/key", A: "1" });
});
