// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import { expect, test } from "bun:test";
import { faultLine } from "../../supervisor/unit/fault.ts";
import { parseUnit } from "../../supervisor/unit/parse.ts";
import { faultsOf, unit } from "./sample.ts";

const lines = (text: string, name = "api"): readonly string[] =>
  faultsOf(parseUnit(name, `units/${name}.toml`, text)).map(faultLine);

const service = '[service]\nscript = "a.ts"\n';

test("a file with nothing but a script has a value for every key", () => {
  const api = unit("api", service);
  expect(api).toMatchObject({ name: "api", file: "units/api.toml", description: "api", enabled: true, sockets: [] });
  expect(api.service).toMatchObject({
    type: "simple",
    exec: { tag: "script", script: "a.ts", args: [], runtime: "auto" },
    restart: "always",
    restartMs: 100,
    restartMaxDelayMs: 30_000,
    startLimitBurst: 5,
    startLimitIntervalMs: 10_000,
    timeoutStartMs: 30_000,
    timeoutStopMs: 30_000,
    killSignal: "SIGTERM",
    killMode: "control-group",
    reloadMode: "handover",
    workingDirectory: "%r",
    inheritEnvironment: true,
    successExitStatus: { codes: [0], signals: ["SIGHUP", "SIGINT", "SIGTERM", "SIGPIPE"] },
  });
  expect(api.handover).toEqual({ soakMs: 1000, drainMs: 30_000 });
  expect(api.output.maxSizeBytes).toBe(10_485_760);
});

test("every fault of a file is told at once, each with line and key, in the order of the lines", () => {
  const text = `[unit]
description = 5
wnats = ["x"]
[service]
type = "notfy"
exec_start = "a b"
script = "a.ts"
restrat_sec = "1s"
restart_sec = "soon"
instances = 0
environment = { "1X" = "a" }
[socket."a:b"]
backlog = "many"
[serivce]
`;
  expect(lines(text)).toEqual([
    "units/api.toml:2: unit.description: must be a string, got 5",
    "units/api.toml:3: unit.wnats: unknown key (did you mean `wants`?)",
    'units/api.toml:5: service.type: must be one of simple, exec, notify, oneshot; got "notfy" (did you mean `notify`?)',
    'units/api.toml:6: service.exec_start: must be an array, got "a b"',
    "units/api.toml:6: service.exec_start: cannot stand beside `script`; keep one of the two",
    "units/api.toml:8: service.restrat_sec: unknown key (did you mean `restart_sec`?)",
    'units/api.toml:9: service.restart_sec: must be a time span such as "1min 30s", or a number of seconds, got "soon"',
    "units/api.toml:10: service.instances: must be 1 or more, got 0",
    "units/api.toml:11: service.environment.1X: is no variable's name: letters, digits and underscores, not beginning with a digit",
    "units/api.toml:12: socket.a:b: is no name for LISTEN_FDNAMES: it takes 1 to 255 printable ASCII characters without a colon",
    "units/api.toml:12: socket.a:b: needs `listen_stream` or `listen_datagram`",
    'units/api.toml:13: socket.a:b.backlog: must be a whole number, got "many"',
    "units/api.toml:14: serivce: unknown section (did you mean `service`?)",
  ]);
});

test("a fault is a value with code, unit, place and verdict", () => {
  expect(faultsOf(parseUnit("api", "units/api.toml", `${service}x = 1\n`))).toEqual([
    {
      code: "unit-invalid",
      message: "unknown key",
      retry: "never",
      unit: "api",
      at: { file: "units/api.toml", line: 3, key: "service.x" },
    },
  ]);
});

test("TOML that cannot be read is told with line and column, in one line", () => {
  const [fault, ...rest] = faultsOf(parseUnit("api", "units/api.toml", '[service]\nscript = "a\n'));
  expect(rest).toEqual([]);
  expect(fault?.at).toEqual({ file: "units/api.toml", line: 2 });
  expect(fault?.message).toMatch(/^[^\n]+ \(column \d+\)$/);
});

test("a socket that is named twice is refused, as TOML refuses it", () => {
  const twice = `${service}[socket.http]\nlisten_stream = "80"\n[socket.http]\nlisten_stream = "81"\n`;
  expect(lines(twice)[0]).toContain("units/api.toml:5: trying to redefine");
});

test("keys that could poison an object are refused", () => {
  expect(lines("[socket.__proto__]\nlisten_stream = 1\n")).toHaveLength(1);
  expect(lines("[unit]\nconstructor = 1\n")).toHaveLength(1);
});

test("a service needs something to run, and one thing only", () => {
  expect(lines("[service]\n")).toEqual(["units/api.toml:1: service: needs `script` or `exec_start`"]);
  expect(lines("")).toEqual(["units/api.toml:1: service: needs `script` or `exec_start`"]);
  expect(lines('[service]\nexec_start = ["a"]\nargs = ["b"]\nruntime = "bun"\n')).toHaveLength(2);
  expect(lines("[service]\nexec_start = []\n")[0]).toContain("must begin with the program's name");
  expect(lines(`${service}exec_stop = [["-", "x"]]\n`)[0]).toContain("must begin with the program's name");
});

test("sockets come in file order, whatever their names", () => {
  const text = `${service}[socket.http]\nlisten_stream = "1"\n[socket.80]\nlisten_stream = 80\n[socket.a]\nlisten_stream = "/x"\n`;
  expect(unit("api", text).sockets.map((socket) => socket.name)).toEqual(["http", "80", "a"]);
  expect(unit("api", text).sockets[1]?.address).toEqual({ tag: "tcp", host: "", port: 80 });
});

test("a socket's name has to fit into LISTEN_FDNAMES", () => {
  for (const name of ["", "a b", "é", "x".repeat(256), "\\u0001"]) {
    expect(lines(`${service}[socket."${name}"]\nlisten_stream = "1"\n`)[0]).toContain("LISTEN_FDNAMES");
  }
  expect(unit("api", `${service}[socket."${"x".repeat(255)}"]\nlisten_stream = "1"\n`).sockets).toHaveLength(1);
});

test("a unit's name is letters, digits and :_.- only, and not the word for every unit", () => {
  for (const name of ["a@1", "a b", "", "-f", "a/b", "é"])
    expect(lines(service, name)[0]).toContain("cannot name a unit");
  expect(lines(service, "all")[0]).toContain("every unit");
  expect(unit("a:b_c.d-9", service).name).toBe("a:b_c.d-9");
});

test("a date is refused where a value or a table is expected", () => {
  expect(lines(`unit = 1979-05-27\n${service}`)[0]).toBe(
    "units/api.toml:1: unit: must not be a date or time; put it in quotes if it is a string",
  );
  expect(lines(`${service}args = [1979-05-27]\n`)[0]).toContain("service.args.0: must not be a date");
});

test("an array of tables is no section", () => {
  expect(lines('[[service]]\nscript = "a"\n')[0]).toContain("service: must be a table, got an array");
});

test("a key in the wrong section is told where it belongs", () => {
  expect(lines(`[unit]\nsoak_sec = 1\n${service}`)).toEqual([
    "units/api.toml:2: unit.soak_sec: unknown key here; it belongs in [handover]",
  ]);
});

test("systemd's spelling of a key is understood as a slip", () => {
  expect(lines(`${service}TimeoutStopSec = 3\n`)[0]).toContain("did you mean `timeout_stop_sec`?");
});

test("a template that could never be expanded is refused when the file is read", () => {
  expect(lines(`${service}args = ["ok", "%d"]\n`)[0]).toContain(
    "units/api.toml:3: service.args.1: has an unknown specifier",
  );
  expect(lines(`${service}environment = { A = "\${B" }\n`)[0]).toContain("service.environment.A: has a placeholder");
});

test("a mode is octal text, since a bare 660 would mean another mode", () => {
  const text = (mode: string): string => `${service}[socket.a]\nlisten_stream = "/x"\nsocket_mode = ${mode}\n`;
  expect(unit("api", text('"0660"')).sockets[0]?.socketMode).toBe(0o660);
  expect(lines(text("660"))[0]).toContain("octal string");
});

test("listed exit codes and signals are added to the clean ones", () => {
  const { successExitStatus } = unit("api", `${service}success_exit_status = [143, "USR1", 0]\n`).service;
  expect(successExitStatus.codes).toEqual([0, 143]);
  expect(successExitStatus.signals).toContain("SIGUSR1");
  expect(lines(`${service}success_exit_status = [256, "FOO"]\n`)).toHaveLength(2);
});

test("a limit of zero means none where systemd means it so, and zero elsewhere", () => {
  const { service: read } = unit("api", `${service}timeout_start_sec = 0\ntimeout_stop_sec = "0"\nrestart_sec = 0\n`);
  expect([read.timeoutStartMs, read.timeoutStopMs, read.restartMs]).toEqual([Infinity, Infinity, 0]);
});
