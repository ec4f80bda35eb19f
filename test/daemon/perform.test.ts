import { describe, expect, test } from "bun:test";
import type { Report } from "../../supervisor/core/effect.ts";
import { createWorld, type Deed, type Whom } from "../../supervisor/core/world.ts";
import { createHeldStarts } from "../../supervisor/daemon/held-starts.ts";
import { createPerform, type PerformOptions } from "../../supervisor/daemon/perform.ts";
import type { Answer, ProcessEvent } from "../../supervisor/daemon/ports.ts";
import { createPrograms } from "../../supervisor/daemon/programs.ts";
import { createSockets } from "../../supervisor/daemon/sockets.ts";
import { type Fault, fail, ok } from "../../supervisor/unit/fault.ts";
import type { BindableSocket } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import { Fakes } from "./fakes.ts";
import { socketOf } from "./socket-of.ts";

const api = makeUnit("api", {
  sockets: [socketOf("http", { backlog: 100 }), socketOf("admin"), socketOf("udp", { kind: "datagram" })],
});
const spawn: Deed = {
  unit: "api",
  instance: 2,
  effect: { tag: "spawn", invocation: "i7", generation: 3, program: "i7" },
};
const fault = (message: string): Fault => ({ code: "placeholder-missing", message, retry: "never" });

function begin(change: Partial<PerformOptions> = {}) {
  const fakes = new Fakes();
  const answers: ProcessEvent[] = [];
  const reports: [Whom, Report][] = [];
  const said: Answer[] = [];
  const bugs: unknown[] = [];
  const env = { PORT: "1", SUPERVISOR_UNIT: "forged", INVOCATION_ID: "forged" };
  const perform = createPerform({
    disk: fakes.disk,
    world: () => createWorld([api]),
    sockets: createSockets(fakes.listeners, (unit) => ok(unit.sockets as readonly BindableSocket[])),
    processes: fakes.processes,
    outputs: fakes.outputs,
    programs: createPrograms((path) => path),
    privates: fakes.privates,
    credentials: fakes.credentials,
    probing: fakes.probing,
    command: (_unit, _instance, extra) => ok({ argv: ["bun", "main.ts"], env: { ...env, ...extra }, cwd: "/srv" }),
    commandLine: (_unit, _instance, { argv, extra }) => ok({ argv, env: { ...env, ...extra }, cwd: "/srv" }),
    held: createHeldStarts({ answer: (event) => answers.push(event), bug: (error) => bugs.push(error) }),
    answered: (answer) => said.push(answer),
    answer: (event) => answers.push(event),
    report: (whom, report) => reports.push([whom, report]),
    ...change,
  });
  return { ...fakes, perform, answers, reports, said, bugs };
}

describe("a spawn with the program of an earlier life", () => {
  const secretive = makeUnit("api", { service: { loadCredential: { key: "/etc/key" } } });
  const back: Deed = { ...spawn, effect: { tag: "spawn", invocation: "i9", generation: 5, program: "i7" } };

  test("has its command line, its environment and its folder, and is who it is", () => {
    let release = 1;
    const command: PerformOptions["command"] = (_unit, _instance, extra) =>
      ok({ argv: ["bun", `v${release}.ts`], env: { RELEASE: String(release), ...extra }, cwd: `/srv/${release}` });
    const { perform, processes } = begin({ command });
    perform(spawn);
    release = 2;
    perform(back);
    const order = processes.orders.at(-1);
    expect([order?.argv, order?.cwd]).toEqual([["bun", "v1.ts"], "/srv/1"]);
    expect(order?.env).toMatchObject({ RELEASE: "1", INVOCATION_ID: "i9", SUPERVISOR_GENERATION: "5" });
  });

  test("has the credentials of its own life, wherever the command line names their directory", () => {
    const command: PerformOptions["command"] = (_unit, _instance, extra = {}) => {
      const directory = extra.CREDENTIALS_DIRECTORY ?? "none";
      return ok({ argv: ["api", `--key=${directory}/key`], env: { KEY: `${directory}/key`, ...extra }, cwd: "/srv" });
    };
    const { perform, processes } = begin({ command, world: () => createWorld([secretive]) });
    perform(spawn);
    perform(back);
    const [first, again] = processes.orders;
    const now = again?.env.CREDENTIALS_DIRECTORY;
    expect(now).not.toBe(first?.env.CREDENTIALS_DIRECTORY);
    expect([again?.argv, again?.env.KEY]).toEqual([["api", `--key=${now}/key`], `${now}/key`]);
  });

  test("has no directory of credentials when it has none now", () => {
    let unit = secretive;
    const { perform, processes } = begin({ world: () => createWorld([unit]) });
    perform(spawn);
    unit = api;
    perform(back);
    expect(processes.orders.map(({ env }) => "CREDENTIALS_DIRECTORY" in env)).toEqual([true, false]);
  });

  test("that nobody remembers starts what is there now", () => {
    const { perform, processes } = begin();
    perform(back);
    expect(processes.orders.at(-1)?.argv).toEqual(["bun", "main.ts"]);
  });
});

describe("a spawn", () => {
  test("hands over the command, the listeners in file order, the output and who the child is", () => {
    const { perform, processes, answers } = begin();
    perform(spawn);
    expect(processes.orders).toEqual([
      {
        invocation: "i7",
        argv: ["bun", "main.ts"],
        cwd: "/srv",
        env: {
          PORT: "1",
          INVOCATION_ID: "i7",
          SUPERVISOR_UNIT: "api",
          SUPERVISOR_INSTANCE: "2",
          SUPERVISOR_GENERATION: "3",
          SUPERVISOR_DRAIN_MS: "30000",
        },
        listeners: [
          { name: "http", fd: 21 },
          { name: "admin", fd: 22 },
          { name: "udp", fd: 23 },
        ],
        stdout: 11,
        stderr: 12,
        reads: { stdout: 13, stderr: 14 },
        notify: true,
        privileges: null,
        resources: null,
        keeper: "api@2",
        storeMax: 64,
      },
    ]);
    expect(answers).toEqual([]);
  });

  test("says as whom, when the unit does", () => {
    const restrained = makeUnit("api", { service: { user: "www-data", limits: { nofile: 64 } } });
    const { perform, processes } = begin({ world: () => createWorld([restrained]) });
    perform(spawn);
    expect(processes.orders[0]?.privileges).toMatchObject({ user: "www-data", group: "", limits: { nofile: 64 } });
  });

  test("opens the listeners once, whatever becomes of the processes", () => {
    const { perform, log } = begin();
    perform(spawn);
    perform(spawn);
    expect(log.filter((text) => text.startsWith("listen"))).toEqual([
      "listen api http",
      "listen api admin",
      "listen api udp",
    ]);
  });

  test("makes the command of its own instance", () => {
    const asked: string[] = [];
    const { perform } = begin({
      command: (unit, instance) => {
        asked.push(`${unit.name}@${instance}`);
        return fail(fault("no"));
      },
    });
    perform(spawn);
    expect(asked).toEqual(["api@2"]);
  });
});

describe("a spawn that fails before there is a process is answered with its stage:", () => {
  test("listen, and neither command nor output is tried", () => {
    const { perform, answers, listeners, log } = begin({ command: () => fail(fault("not asked")) });
    listeners.busy.add("http");
    listeners.busy.add("udp");
    perform(spawn);
    expect(answers).toEqual([
      {
        tag: "spawn-failed",
        invocation: "i7",
        stage: "listen",
        code: "listener-busy",
        message: "http: the address is in use by nginx (pid 9); udp: the address is in use by nginx (pid 9)",
      },
    ]);
    expect(log).toEqual(["listen api admin"]);
  });

  test("command, with every fault, and no output is opened", () => {
    const { perform, answers, log } = begin({ command: () => fail(fault("no $A"), fault("no $B")) });
    perform(spawn);
    expect(answers).toEqual([
      { tag: "spawn-failed", invocation: "i7", stage: "command", code: "placeholder-missing", message: "no $A; no $B" },
    ]);
    expect(log.some((text) => text.startsWith("output"))).toBe(false);
  });

  test("output, and nothing is spawned", () => {
    const { perform, answers, outputs, processes } = begin();
    outputs.refusal = { ...fault("disk full"), code: "spawn-failed" };
    perform(spawn);
    expect(answers).toMatchObject([{ stage: "output", code: "spawn-failed", message: "disk full" }]);
    expect(processes.orders).toEqual([]);
  });

  test("and the listener is tried again with the next start", () => {
    const { perform, answers, listeners, processes } = begin();
    listeners.busy.add("http");
    perform(spawn);
    listeners.busy.clear();
    perform(spawn);
    expect([answers.length, processes.orders.length]).toEqual([1, 1]);
    expect(processes.orders[0]?.listeners.map(({ name }) => name)).toEqual(["http", "admin", "udp"]);
  });
});

test("a signal goes to the process that is meant", () => {
  const { perform, log } = begin();
  perform({ unit: "api", instance: 1, effect: { tag: "signal", invocation: "i7", signal: "SIGHUP", scope: "main" } });
  expect(log).toEqual(["SIGHUP main i7"]);
});

describe("a report", () => {
  const report = (what: Report): Deed => ({ unit: "api", instance: 1, effect: { tag: "report", report: what } });
  const ready: Report = { tag: "ready", invocation: "i7", generation: 1, afterMs: 5 };

  test("is passed on with whom it concerns", () => {
    const { perform, reports } = begin();
    perform(report(ready));
    expect(reports).toEqual([[{ unit: "api", instance: 1 }, ready]]);
  });

  test("of READY puts the backlog of each stream listener back", () => {
    const { perform, log } = begin();
    perform(spawn);
    log.length = 0;
    perform(report({ tag: "abandoned", invocation: "i7", generation: 1 }));
    expect(log).toEqual([]);
    perform(report(ready));
    expect(log).toEqual(["backlog http 100", "backlog admin 4096"]);
  });
});

test("a deed for a unit that is not there is left undone", () => {
  const { perform, answers, log } = begin();
  perform({ ...spawn, unit: "ghost" });
  expect([answers, log]).toEqual([[], []]);
});

test("the end of a unit that has just left the world is told", () => {
  const { perform, reports } = begin();
  const report: Report = { tag: "moved", from: "stopping", to: "inactive", cause: null, invocation: null };
  perform({ unit: "gone", instance: 1, effect: { tag: "report", report } });
  expect(reports).toEqual([[{ unit: "gone", instance: 1 }, report]]);
});
