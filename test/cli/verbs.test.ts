import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LogQuery } from "../../supervisor/unit/log-query.ts";
import type { UnitStatus } from "../../supervisor/unit/status.ts";
import { FakeDesk, makeUnit, makeVerdict } from "../control/fixtures/fake-desk.ts";
import { commandOf, type RuntimeName, runToEnd, runtimeNames } from "../control/fixtures/runtime.ts";
import { fakeOptions, printed, serve } from "../control/fixtures/serve.ts";
import { within } from "../support/within.ts";

const root = mkdtempSync(join(tmpdir(), "cli-"));
const state = join(root, ".supervisor");
const main = join(import.meta.dirname, "../../supervisor/main.ts");
const desk = new FakeDesk();
const { units } = desk;
const closing = new AbortController();
let server: Awaited<ReturnType<typeof serve>>;

beforeAll(async () => {
  mkdirSync(state);
  const flood = Array.from({ length: 1000 }, () => printed("api", "a line of output"));
  const logs = async function* ({ sources, lines }: LogQuery) {
    if (lines > 1000) for (let count = 0; count < 100; count++) yield flood;
    else yield sources.map(({ unit }) => printed(unit, `last ${lines}`));
  };
  server = await serve(desk, join(state, "control.sock"), fakeOptions({ closing: closing.signal, logs }));
});
afterAll(async () => {
  closing.abort();
  await server.close();
  rmSync(root, { recursive: true });
});
beforeEach(() => {
  desk.orders.length = 0;
  desk.refusal = null;
  desk.verdicts = [];
  desk.units = units;
});

const supervisor = (line: string, runtime: RuntimeName = "bun") =>
  runToEnd(commandOf(runtime, main, ["--root", root, ...line.split(" ")]), { env: { ...process.env, NO_COLOR: "1" } });

describe.each(runtimeNames)("on %s", (runtime) => {
  test("status shows a table, and one unit as systemctl does", async () => {
    const table = await supervisor("status", runtime);
    expect(table).toMatchObject({ code: 0, stderr: "" });
    expect(table.stdout).toMatch(/^UNIT +ACTIVE +SUB/);
    const one = await supervisor("status api -n 3", runtime);
    expect(one).toMatchObject({ code: 0, stderr: "" });
    expect(one.stdout).toStartWith("● api - the api\n     Loaded: loaded (units/api.toml; enabled)\n");
    expect(one.stdout).toEndWith("\n\nlast 3\n");
  }, 20_000);

  test("a failed start is a line, the child's last words, and exit code 1", async () => {
    desk.verdicts = [
      makeVerdict("redis", "done", ""),
      makeVerdict("api", "failed", "start api: failed at stage exec: no such file", ["boom", "bang"]),
    ];
    expect(await supervisor("start redis api", runtime)).toEqual({
      code: 1,
      stdout: "start redis: done\n",
      stderr: "start api: failed at stage exec: no such file\n    boom\n    bang\n",
    });
    expect(desk.orders).toEqual([{ tag: "start", units: ["redis", "api"] }]);
  }, 20_000);

  test("a reader that leaves early ends the verb quietly", async () => {
    const [program, ...args] = commandOf(runtime, main, ["--root", root, "logs", "api", "-n", "5000"]);
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], timeout: 15_000 });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.stdout.once("data", () => child.stdout.destroy());
    expect(await within(ended, 10_000, "the verb ends")).toBe(0);
    expect(stderr).toBe("");
  }, 20_000);
});

describe("exit codes", () => {
  const dead: Partial<UnitStatus> = { active_state: "inactive", sub_state: "dead" };
  test.each<[string, number, string]>([
    ["status worker", 3, ""],
    ["status apy", 4, "supervisor status: no unit 'apy'\n"],
    ["is-active api worker", 0, ""],
    ["is-active worker", 3, ""],
    ["is-active apy", 4, "supervisor is-active: no unit 'apy'\n"],
    ["is-active apy api", 0, "supervisor is-active: no unit 'apy'\n"],
    ["is-active work* redis", 3, ""],
    ["is-failed api redis", 0, ""],
    ["is-failed apy api", 4, "supervisor is-failed: no unit 'apy'\n"],
    ["show apy", 4, "supervisor show: no unit 'apy'\n"],
    ["show api -p MainPDI", 2, "supervisor show: there is no property 'MainPDI'; did you mean 'MainPID'?\n"],
    ["wait api --for redy", 2, "supervisor wait: --for: must be ready, active or stopped, got 'redy'\n"],
    ["wait apy", 4, "supervisor wait: no unit 'apy'\n"],
    ["completion ksh", 2, "supervisor completion: bash, zsh and fish are known, got 'ksh'\n"],
    ["is-failed redis", 0, ""],
    ["is-failed api", 1, ""],
    ["logs apy", 4, "supervisor logs: no unit 'apy'\n"],
    ["start apy", 5, "supervisor start: no unit 'apy'\n"],
    ["signal NOPE api", 2, "supervisor signal: there is no signal 'NOPE'\n"],
    ["logs -n x", 2, "supervisor logs: --lines: must be a whole number of 0 or more, got 'x'\n"],
    ["statsu", 2, "supervisor: unknown verb 'statsu'; did you mean 'status'?\n"],
  ])("%s: %d", async (line, code, stderr) => {
    desk.units = [makeUnit("api"), makeUnit("worker", dead), makeUnit("redis", { active_state: "failed" })];
    expect(await supervisor(line)).toMatchObject({ code, stderr });
  });

  test("a refused stop names the reason", async () => {
    desk.refusal = { code: "unit-required", message: "stop redis: required by api", retry: "never", unit: "redis" };
    expect(await supervisor("stop redis")).toMatchObject({
      code: 1,
      stderr: "supervisor stop: stop redis: required by api\n",
    });
  });

  test("a kept generation is 8, and a wait that is over 124", async () => {
    desk.verdicts = [makeVerdict("api", "kept-old", "reload api: old generation kept")];
    expect(await supervisor("reload")).toMatchObject({ code: 8, stderr: "reload api: old generation kept\n" });
    expect(desk.orders).toEqual([{ tag: "reload", units: null }]);
    desk.verdicts = "never";
    expect(await supervisor("restart -q api --timeout 50ms")).toMatchObject({
      code: 124,
      stderr: "restart api: not settled within 0.05s, now active (running)\n",
    });
  });

  test("without a daemon every verb that needs one is 7, and says where it looked", async () => {
    const stderr = `supervisor: not running (nobody answers on ${join(root, "none", "control.sock")})\n`;
    for (const line of ["status", "stop", "start api", "is-active api"]) {
      expect(await supervisor(`--state ${join(root, "none")} ${line}`)).toEqual({ code: 7, stdout: "", stderr });
    }
  }, 20_000);

  test("a second daemon is refused, and told of the first", async () => {
    const stderr = `supervisor start: supervisor already runs in /srv/app (pid ${process.pid})\n`;
    for (const line of ["start", "start -d"]) {
      expect(await supervisor(line)).toEqual({ code: 1, stdout: "", stderr });
    }
  });
});

describe("output", () => {
  test("is-active tells the states in the order of the names, and -q only the code", async () => {
    desk.units = [makeUnit("api"), makeUnit("worker", { active_state: "activating" }), makeUnit("web")];
    expect((await supervisor("is-active w* nosuch api")).stdout).toBe("activating\nactive\ninactive\nactive\n");
    expect(await supervisor("is-active -q api worker")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(JSON.parse((await supervisor("is-active worker api --json")).stdout)).toEqual(["activating", "active"]);
  });

  test("reset-failed and signal take patterns and several units", async () => {
    await supervisor("reset-failed w* api --no-color");
    await supervisor("reset-failed");
    await supervisor("signal hup api worker");
    expect(desk.orders).toEqual([
      { tag: "reset-failed", units: ["worker", "api"] },
      { tag: "reset-failed", units: ["api", "worker", "redis"] },
      { tag: "signal", units: ["api", "worker"], signal: "SIGHUP" },
    ]);
  });

  test("--no-block gives the order and does not wait for it", async () => {
    desk.verdicts = "never";
    expect(await supervisor("stop --no-block --cascade redis")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(desk.orders).toEqual([{ tag: "stop", units: ["redis"], cascade: true }]);
  });

  test("--json is the API's own answer", async () => {
    expect(JSON.parse((await supervisor("status --json api")).stdout)).toEqual({
      ...desk.status(),
      units: [makeUnit("api")],
    });
    const verdicts = [makeVerdict("api", "done", "reload api: done")];
    desk.verdicts = verdicts;
    expect(JSON.parse((await supervisor("reload api --json")).stdout)).toEqual({ verdicts });
  });

  test("logs of several units name the unit on each line", async () => {
    expect((await supervisor("logs -n2 api redis")).stdout).toBe("api: last 2\nredis: last 2\n");
  });

  test("events are a line each, or NDJSON", async () => {
    desk.happen({ unit: "api", instance: 1, from: "starting", to: "running", why: "ready", pid: 7 });
    const line = "2026-01-06T10:00:00.000Z api@1 service.active starting → running (ready) pid 7\n";
    expect((await supervisor("events")).stdout).toBe(line);
    expect(JSON.parse((await supervisor("events --json")).stdout)).toMatchObject({ seq: 1, unit: "api", pid: 7 });
    expect((await supervisor("events --after 1")).stdout).toBe("");
  });

  test("help is made of the table, and knows each verb", async () => {
    expect((await supervisor("help")).stdout).toContain("\n  reload [UNIT…] ");
    expect((await supervisor("stop --help")).stdout).toContain("--cascade");
    expect(await supervisor("help stopp")).toMatchObject({ code: 2 });
  });

  test("check prints every fault with its place, and is 6", async () => {
    const good = join(root, "good.toml");
    const bad = join(root, "bad.toml");
    writeFileSync(good, '[service]\nexec_start = ["true"]\n');
    writeFileSync(bad, '[service]\nexec_start = ["true"]\nrestrat = "no"\n');
    expect(await supervisor(`check ${good}`)).toEqual({ code: 0, stdout: "1 unit, no fault\n", stderr: "" });
    const { code, stderr } = await supervisor(`check ${bad} ${join(root, "missing.toml")}`);
    expect(code).toBe(6);
    expect(stderr).toContain(`${bad}:3: service.restrat: `);
    expect(stderr).toContain(`${join(root, "missing.toml")}: is not there\n`);
  });
});

test("no quick verb loads a package, nor the daemon", async () => {
  const verbs = [
    "show",
    "wait",
    "graph",
    "names",
    "completion",
    "doctor",
    "watch",
    "is-failed",
    "status",
    "start",
    "stop",
    "logs",
    "reload",
    "is-active",
    "help",
    "version",
    "events",
    "signal",
  ];
  const entries = [...verbs.map((verb) => `cli/${verb}.ts`), "cli/detach.ts", "main.ts"];
  const folder = join(import.meta.dirname, "../../supervisor");
  const entrypoints = entries.map((entry) => join(folder, entry));
  const { metafile } = await Bun.build({ entrypoints, target: "bun", metafile: true });
  const inputs = metafile?.inputs ?? {};
  const loaded = new Set<string>(
    Object.keys(inputs).filter((path) => entries.some((entry) => path.endsWith(`supervisor/${entry}`))),
  );
  for (const path of loaded) {
    for (const { path: next, kind } of inputs[path]?.imports ?? []) if (kind !== "dynamic-import") loaded.add(next);
  }
  expect(loaded.size).toBeGreaterThan(25);
  expect([...loaded].filter((path) => /node_modules|unit\/(schema|set|parse)|daemon/.test(path))).toEqual([]);
});
