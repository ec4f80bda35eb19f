import { describe, expect, test } from "bun:test";
import { makeUnit } from "../support/units.ts";
import { Rig } from "./rig.ts";
import { socketOf } from "./socket-of.ts";

const api = makeUnit("api", {
  description: "HTTP API",
  sockets: [socketOf("http")],
  service: { restart: "no", timeoutStopMs: 500 },
  handover: { soakMs: 1_000, drainMs: 5_000 },
});
const at = (ms: number): string => new Date(Date.parse("2026-01-01T00:00:00.000Z") + ms).toISOString();
const id = (nth: number): string => (nth - 1).toString(16).padStart(32, "0");
const none = { last_result: "none", ready_ms: null, drain_ms: null, reason: null } as const;

/** An api that runs since 200 ms, at 1000 ms. */
async function running(...more: Parameters<typeof makeUnit>[1][]): Promise<Rig> {
  const rig = new Rig({ ...api, ...more[0] } as typeof api);
  rig.advance(100);
  const started = rig.start("api");
  rig.advance(100);
  rig.ready("api");
  await started;
  rig.advance(800);
  return rig;
}

const process = (nth: number, phase: string, generation: number, readyAt: number | null) => ({
  name: "api@1",
  pid: 100 + nth,
  generation,
  invocation_id: id(nth),
  phase,
  ready_at: readyAt === null ? null : at(readyAt),
  status_text: null,
  memory_bytes: (100 + nth) * 1_000,
  cpu_seconds: (100 + nth) / 100,
  health: "unknown" as const,
  probes: [],
});

test("the status speaks of the supervisor, and of every unit in name order", () => {
  const rig = new Rig(makeUnit("b"), makeUnit("a"));
  const { schema_version, supervisor, units } = rig.desk.status();
  expect(schema_version).toBe(1);
  expect(supervisor).toEqual({
    pid: 1,
    version: "0.1.0",
    runtime: "bun 1.4.5",
    started_at: "2026-01-01T00:00:00.000Z",
    root: "/srv/app",
    changed_on_disk: false,
  });
  expect(units.map(({ name }) => name)).toEqual(["a", "b"]);
});

describe("every field of a unit that", () => {
  const base = {
    name: "api",
    description: "HTTP API",
    file: api.file,
    changed_on_disk: false,
    outdated: false,
    health: "unknown",
    release: null,
    status_text: null,
    warnings: [],
    reason: null,
    restarts: 0,
    result: "success",
    wanted: "up",
    handover: none,
    last_exit: null,
    listeners: [{ name: "http", address: "127.0.0.1:8001" }],
  } as const;

  test("was never started", () => {
    const rig = new Rig(api);
    rig.advance(50);
    expect(rig.unit("api")).toEqual({
      ...base,
      active_state: "inactive",
      sub_state: "dead",
      main_pid: null,
      generation: 0,
      wanted: "down",
      since: at(0),
      instances: [],
      listeners: [],
    });
  });

  test("starts", () => {
    const rig = new Rig(api);
    rig.advance(100);
    void rig.start("api");
    rig.advance(50);
    expect(rig.unit("api")).toEqual({
      ...base,
      active_state: "activating",
      sub_state: "start",
      main_pid: 101,
      generation: 1,
      since: at(100),
      instances: [process(1, "starting", 1, null)],
    });
  });

  test("tells an error that a service names after its words with them", async () => {
    const rig = await running();
    rig.fakes.processes.say(rig.newest("api"), { STATUS: "no disk" });
    rig.fakes.processes.say(rig.newest("api"), { ERRNO: "28" });
    expect(rig.unit("api").status_text).toBe("no disk (errno 28)");
  });

  test("runs", async () => {
    const rig = await running();
    rig.fakes.processes.say(rig.newest("api"), { STATUS: "serving" });
    expect(rig.unit("api")).toEqual({
      ...base,
      active_state: "active",
      sub_state: "running",
      main_pid: 101,
      generation: 1,
      since: at(200),
      status_text: "serving",
      instances: [{ ...process(1, "running", 1, 200), status_text: "serving" }],
    });
  });

  test("is replaced, and soaks", async () => {
    const rig = await running();
    void rig.order({ tag: "reload", units: ["api"] });
    const reloading = {
      ...base,
      active_state: "reloading",
      sub_state: "running",
      main_pid: 101,
      generation: 1,
    } as const;
    expect(rig.unit("api")).toEqual({
      ...reloading,
      since: at(200),
      instances: [process(1, "replacing", 1, 200), process(2, "starting", 2, null)],
    });
    rig.advance(17);
    rig.ready("api");
    expect(rig.unit("api")).toEqual({
      ...reloading,
      since: at(200),
      instances: [process(1, "soaking", 1, 200), process(2, "soaking", 2, 1_017)],
    });
  });

  test("drains its old generation, and has drained it", async () => {
    const rig = await running();
    void rig.order({ tag: "reload", units: ["api"] });
    rig.advance(17);
    rig.ready("api");
    rig.advance(1_000);
    const active = { ...base, active_state: "active", sub_state: "running", main_pid: 102, generation: 2 } as const;
    expect(rig.unit("api")).toEqual({
      ...active,
      since: at(200),
      reason: "generation 1 drains",
      instances: [process(2, "running", 2, 1_017), process(1, "draining", 1, 200)],
      handover: { last_result: "done", ready_ms: 17, drain_ms: null, reason: null },
    });
    rig.fakes.processes.say(id(1), { STATUS: "draining: 1 task in flight, oldest 41 s" });
    expect(rig.unit("api").status_text).toBeNull();
    expect(rig.unit("api").instances.map(({ status_text }) => status_text)).toEqual([
      null,
      "draining: 1 task in flight, oldest 41 s",
    ]);
    rig.advance(4);
    rig.fakes.processes.exit(id(1), 0);
    expect(rig.unit("api")).toEqual({
      ...active,
      since: at(200),
      instances: [process(2, "running", 2, 1_017)],
      handover: { last_result: "done", ready_ms: 17, drain_ms: 4, reason: null },
      last_exit: { code: 0, signal: null, at: at(2_021) },
    });
  });

  test("stops, and had to be killed", async () => {
    const rig = await running();
    void rig.order({ tag: "stop", units: ["api"], cascade: false });
    const stopping = { ...base, active_state: "deactivating", main_pid: null, generation: 1, wanted: "down" } as const;
    const left = [process(1, "stopping", 1, 200)];
    expect(rig.unit("api")).toEqual({ ...stopping, sub_state: "stop-sigterm", since: at(1_000), instances: left });
    rig.fakes.processes.say(id(1), { STATUS: "finishing" });
    expect(rig.unit("api").status_text).toBe("finishing");
    rig.fakes.processes.say(id(1), { STATUS: "" });
    rig.advance(500);
    const why = { result: "timeout", reason: "did not stop within 500 ms and was killed" } as const;
    expect(rig.unit("api")).toEqual({
      ...stopping,
      ...why,
      sub_state: "stop-sigkill",
      since: at(1_000),
      instances: left,
    });
    rig.exit("api", "SIGKILL");
    expect(rig.unit("api")).toEqual({
      ...stopping,
      ...why,
      active_state: "failed",
      sub_state: "failed",
      since: at(1_500),
      instances: [],
      last_exit: { code: null, signal: "SIGKILL", at: at(1_500) },
    });
  });

  test("failed", async () => {
    const rig = await running();
    rig.exit("api", 3);
    expect(rig.unit("api")).toEqual({
      ...base,
      active_state: "failed",
      sub_state: "failed",
      result: "exit-code",
      reason: "exited with code 3",
      main_pid: null,
      generation: 1,
      since: at(1_000),
      instances: [],
      last_exit: { code: 3, signal: null, at: at(1_000) },
    });
  });

  test("waits for its restart", async () => {
    const rig = await running({ service: { ...api.service, restart: "always" } });
    rig.exit("api", "SIGSEGV");
    rig.advance(40);
    expect(rig.unit("api")).toEqual({
      ...base,
      active_state: "activating",
      sub_state: "auto-restart",
      result: "signal",
      reason: "was killed by SIGSEGV",
      main_pid: null,
      generation: 1,
      restarts: 1,
      since: at(1_000),
      instances: [],
      last_exit: { code: null, signal: "SIGSEGV", at: at(1_000) },
    });
  });
});

describe("a handover", () => {
  test("that kept the old generation says why", async () => {
    const rig = await running();
    void rig.order({ tag: "reload", units: ["api"] });
    rig.exit("api", 1);
    expect(rig.unit("api")).toMatchObject({
      active_state: "active",
      generation: 1,
      main_pid: 101,
      result: "success",
      reason: null,
      handover: { last_result: "kept-old", ready_ms: null, reason: "exited with code 1 before it was ready" },
    });
  });

  test("that a stop ended kept nothing, and says why", async () => {
    const rig = await running();
    void rig.order({ tag: "reload", units: ["api"] });
    void rig.order({ tag: "stop", units: ["api"], cascade: false });
    expect(rig.unit("api").handover).toEqual({ ...none, reason: "was stopped" });
  });

  test("of several instances shows the one that did not succeed", async () => {
    const pair = makeUnit("api", { service: { instances: 2, restart: "no" }, handover: { soakMs: 0 } });
    const rig = new Rig(pair);
    void rig.start("api");
    for (const { invocation } of rig.fakes.processes.orders) rig.fakes.processes.say(invocation);
    void rig.order({ tag: "reload", units: ["api"] });
    rig.ready("api");
    rig.fakes.processes.exit(id(1), 0);
    rig.exit("api", 7);
    expect(rig.unit("api").handover).toMatchObject({
      last_result: "kept-old",
      reason: expect.stringContaining("code 7"),
    });
  });
});

describe("the reason", () => {
  test("names whom a unit waits for", () => {
    const rig = new Rig(makeUnit("a"), makeUnit("b"), makeUnit("c", { requires: ["b"], wants: ["a"] }));
    void rig.start("c");
    expect(rig.unit("c")).toMatchObject({ active_state: "inactive", wanted: "up", reason: "waits for a, b" });
    rig.ready("a");
    expect(rig.unit("c").reason).toBe("waits for b");
  });

  test("speaks for the one instance that waits, too", () => {
    const pair = makeUnit("c", { requires: ["b"], service: { instances: 2 } });
    const rig = new Rig(makeUnit("b", { service: { restart: "no" } }), pair);
    void rig.start("c");
    rig.ready("b", "c");
    rig.fakes.processes.say(id(2));
    rig.exit("b", 1);
    void rig.order({ tag: "restart", units: ["c"] });
    rig.fakes.processes.exit(id(2), 0);
    expect(rig.unit("c")).toMatchObject({ active_state: "deactivating", reason: "waits for b" });
  });

  test("is none for a unit that nobody started", () => {
    const rig = new Rig(makeUnit("b"), makeUnit("c", { requires: ["b"] }));
    expect(rig.unit("c").reason).toBeNull();
  });
});

describe("of several instances", () => {
  const pair = makeUnit("api", { service: { instances: 2 } });

  test("the worst counts for the unit, and each process is listed under its own name", () => {
    const rig = new Rig(pair);
    void rig.start("api");
    rig.fakes.processes.say(id(1));
    const unit = rig.unit("api");
    expect(unit).toMatchObject({ active_state: "activating", main_pid: 101 });
    expect(unit.instances.map(({ name, phase }) => `${name} ${phase}`)).toEqual(["api@1 running", "api@2 starting"]);
  });

  test("restarts are added up, and the latest exit is the last one", () => {
    const rig = new Rig(pair);
    void rig.start("api");
    rig.fakes.processes.exit(id(1), 1);
    rig.advance(10);
    rig.fakes.processes.exit(id(2), 2);
    expect(rig.unit("api")).toMatchObject({ restarts: 2, last_exit: { code: 2, at: at(10) } });
  });
});

test("the figures of a process that is gone are unknown", () => {
  const rig = new Rig(makeUnit("api"));
  void rig.start("api");
  rig.fakes.processes.hear({ tag: "spawned", invocation: rig.newest("api"), pid: 999, startTicks: 1 });
  expect(rig.unit("api").instances).toMatchObject([{ pid: 999, memory_bytes: null, cpu_seconds: null }]);
});

test("one unit is inspected with the processes of each invocation", async () => {
  const rig = await running();
  const processes = [
    { pid: 101, ppid: 1, command: "bun main.ts", tasks: 1, memory_bytes: 1_000, cpu_seconds: 0.5 },
    { pid: 1101, ppid: 101, command: "sleep 1", tasks: 1, memory_bytes: 1_000, cpu_seconds: 0.5 },
  ];
  expect(rig.desk.inspect("api")).toEqual({
    ...rig.unit("api"),
    instances: [{ ...process(1, "running", 1, 200), processes }],
  });
  expect(rig.desk.loaded("api")?.description).toBe("HTTP API");
  expect([rig.desk.inspect("apy"), rig.desk.loaded("apy")]).toEqual([null, null]);
});

test("whoever asks again and again is told the same measurement for a quarter of a second, and then a new one", async () => {
  const rig = await running();
  const { processes } = rig.fakes;
  const asked = (): number => {
    const before = processes.measurements;
    expect(rig.desk.status().units[0]?.instances[0]).toMatchObject({ memory_bytes: 101_000, cpu_seconds: 1.01 });
    return processes.measurements - before;
  };
  expect([asked(), asked()]).toEqual([1, 0]);
  rig.advance(249);
  expect(asked()).toBe(0);
  rig.advance(1);
  expect([asked(), asked()]).toEqual([1, 0]);
});
