import { expect, test } from "bun:test";
import { properties, propertyNamed, renderProperties } from "../../../supervisor/cli/render/properties.ts";
import { loadedUnit } from "../../../supervisor/control/loaded.ts";
import { makeInstance, makeUnit } from "../../control/fixtures/fake-desk.ts";
import { socketOf } from "../../daemon/socket-of.ts";
import { makeUnit as makeFile } from "../../support/units.ts";

const one = { tasks: 2, memory_bytes: 1000, cpu_seconds: 0.5 };
const processes = [
  { pid: 42, ppid: 1, command: "bun", ...one },
  { pid: 43, ppid: 42, command: "sleep", ...one },
];
const status = makeUnit("api", { instances: [makeInstance("api@1", { processes })] });
const probe = { initialDelayMs: 0, periodMs: 10_000, timeoutMs: 1500, failureThreshold: 3, successThreshold: 1 };
const file = makeFile("api", {
  requires: ["redis", "db"],
  service: {
    exec: { tag: "program", argv: ["sh", "-c", "exec it"] },
    execStartPre: [["true"], ["echo", "a b"]],
    environment: { TOKEN: "hunter2", PORT: "1" },
    limits: { nofile: 65_536, core: Infinity },
    umask: 0o22,
    cpuQuotaPercent: 150,
    memoryMaxBytes: 1024,
    timeoutStopMs: 90_000,
    successExitStatus: { codes: [0, 143], signals: ["SIGUSR1"] },
    loadCredential: { dbKey: "/etc/keys/db" },
  },
  sockets: [{ ...socketOf("http"), address: { tag: "tcp", host: "::1", port: 80 } }],
  probes: { readiness: { ...probe, ask: { tag: "http", url: "http://127.0.0.1/readyz" } } },
});
const all = properties(status, loadedUnit(file));

test.each<[string, unknown]>([
  ["Id", "api"],
  ["ActiveState", "active"],
  ["MainPID", 42],
  ["PIDs", [42, 43]],
  ["TasksCurrent", 4],
  ["MemoryCurrent", 2000],
  ["InvocationID", "0123456789abcdef0123456789abcdef"],
  ["Listen", ["http=127.0.0.1:8080"]],
  ["Requires", ["redis", "db"]],
  ["ExecStart", 'sh -c "exec it"'],
  ["ExecStartPre", 'true ; echo "a b"'],
  ["Environment", ["PORT", "TOKEN"]],
  ["LoadCredential", ["dbKey=/etc/keys/db"]],
  ["LimitNOFILE", 65_536],
  ["LimitCORE", "infinity"],
  ["UMask", "0022"],
  ["CPUQuota", "150%"],
  ["MemoryMax", 1024],
  ["TimeoutStopSec", "1min 30s"],
  ["SuccessExitStatus", [0, 143, "SIGUSR1"]],
  ["NoNewPrivileges", false],
  ["Handover.SoakSec", "1s"],
  ["Output.MaxAge", "infinity"],
  ["Socket.http.ListenStream", "[::1]:80"],
  ["Probe.readiness.HttpGet", "http://127.0.0.1/readyz"],
  ["Probe.readiness.Timeout", "1s 500ms"],
  ["Probe.readiness.InitialDelay", "0"],
])("%s is %p", (name, value) => {
  expect(all).toHaveProperty([name], value as never);
});

test("every key of a unit is there under one name, sorted, and no secret among them", () => {
  const names = Object.keys(all);
  expect(names).toEqual([...names].sort());
  expect(JSON.stringify(all)).not.toContain("hunter2");
  expect(names.filter((name) => /_|Ms$|Bytes$|Percent$|\[object/.test(name))).toEqual([]);
  expect(JSON.stringify(all)).not.toContain("[object");
});

test("an address with a placeholder is shown as it is written", () => {
  const sockets = [{ ...socketOf("http"), address: { tag: "template", text: `[::1]:$\{PORT}` } as const }];
  const shown = properties(status, loadedUnit(makeFile("api", { sockets })));
  expect(shown["Socket.http.ListenStream"]).toBe(`[::1]:$\{PORT}`);
});

test.each([
  ["MainPID", "MainPID"],
  ["main_pid", "MainPID"],
  ["TimeoutStopUSec", "TimeoutStopSec"],
  ["timeout_stop_sec", "TimeoutStopSec"],
  ["probe.readiness.http_get", "Probe.readiness.HttpGet"],
  ["nothing", null],
])("-p %s finds %p", (asked, name) => {
  expect(propertyNamed(asked, all)).toBe(name);
});

test("a property is a line, whatever is in it", () => {
  const shown = { A: "x\ny", B: true, C: false, D: null, E: ["a", 1], F: 2 };
  expect(renderProperties(shown)).toBe("A=x y\nB=yes\nC=no\nD=\nE=a 1\nF=2\n");
});
