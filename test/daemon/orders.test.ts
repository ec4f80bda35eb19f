import { describe, expect, test } from "bun:test";
import { makeUnit } from "../support/units.ts";
import { Rig } from "./rig.ts";

const redis = makeUnit("redis", { service: { restart: "no" } });
const api = makeUnit("api", { requires: ["redis"], service: { restart: "no" } });
const worker = makeUnit("worker", { requires: ["api"] });

const done = (unit: string, message = "") => ({ unit, result: "done", message, tail: [], fault: null }) as const;

describe("start", () => {
  test("starts what the unit needs, and is answered when it serves", async () => {
    const rig = new Rig(redis, api);
    const started = rig.start("api");
    expect(rig.log.filter((text) => text.startsWith("spawn"))).toEqual(["spawn redis i1"]);
    rig.ready("redis");
    expect(await rig.isOpen(started)).toBe(true);
    rig.ready("api");
    expect(await started).toEqual([done("api")]);
  });

  test("of what runs already is answered at once", async () => {
    const rig = new Rig(redis);
    await rig.up("redis");
    expect(await rig.start("redis")).toEqual([done("redis")]);
  });

  test("that fails tells why in one line, with the last lines of the process that failed", async () => {
    const rig = new Rig(redis);
    const started = rig.start("redis");
    rig.fakes.outputs.tails.set(rig.newest("redis"), ["Error: no config", "    at main.ts:3"]);
    rig.exit("redis", 3);
    const message = "start redis: exited with code 3 before it was ready";
    expect(await started).toEqual([
      {
        unit: "redis",
        result: "failed",
        message,
        tail: ["Error: no config", "    at main.ts:3"],
        fault: { code: "start-failed", message, retry: "later", unit: "redis" },
      },
    ]);
  });

  test("that never came to a process has its stage and no lines", async () => {
    const rig = new Rig(redis);
    const text = "/usr/bin/bunn: No such file or directory (ENOENT)";
    rig.fakes.processes.refusal = { stage: "exec", code: "ENOENT", message: text };
    const message = `start redis: failed at stage exec: ${text}`;
    expect(await rig.start("redis")).toEqual([
      {
        unit: "redis",
        result: "failed",
        message,
        tail: [],
        fault: { code: "spawn-failed", message, retry: "later", unit: "redis" },
      },
    ]);
  });

  test("that never came to a process does not show the lines of the life before", async () => {
    const rig = new Rig(redis);
    void rig.start("redis");
    rig.fakes.outputs.tails.set(rig.newest("redis"), ["of yesterday"]);
    rig.exit("redis", 1);
    rig.fakes.processes.refusal = { stage: "exec", code: "ENOENT", message: "gone" };
    expect(await rig.start("redis")).toMatchObject([{ result: "failed", tail: [] }]);
  });

  test("behind a unit that failed names that unit", async () => {
    const rig = new Rig(redis, api, worker);
    const started = rig.start("worker");
    rig.exit("redis", 1);
    expect(await started).toMatchObject([
      {
        result: "failed",
        message: "start worker: needs api, which cannot start",
        tail: [],
        fault: { code: "start-failed" },
      },
    ]);
  });

  test("of a service that does its work and ends is done, and says how it ended", async () => {
    const rig = new Rig(makeUnit("job", { service: { type: "simple", restart: "no" } }));
    const started = rig.start("job");
    expect(await started).toEqual([done("job")]);
    rig.exit("job", 0);
    expect(rig.unit("job")).toMatchObject({ active_state: "inactive", result: "success" });
  });

  test("is answered for each unit for itself", async () => {
    const rig = new Rig(redis, makeUnit("log", { service: { restart: "no" } }));
    const started = rig.start("redis", "log");
    rig.exit("log", 1);
    expect(await rig.isOpen(started)).toBe(true);
    rig.ready("redis");
    expect((await started).map(({ unit, result }) => `${unit} ${result}`)).toEqual(["redis done", "log failed"]);
  });

  test("of nothing is answered at once", async () => {
    expect(await new Rig(redis).start()).toEqual([]);
  });
});

describe("stop", () => {
  test("is answered when nobody is left", async () => {
    const rig = new Rig(redis);
    await rig.up("redis");
    const stopped = rig.order({ tag: "stop", units: ["redis"], cascade: false });
    expect(await rig.isOpen(stopped)).toBe(true);
    rig.exit("redis", 0);
    expect(await stopped).toEqual([done("redis")]);
  });

  test("that needed SIGKILL is done, and says so", async () => {
    const rig = new Rig(redis);
    await rig.up("redis");
    const stopped = rig.order({ tag: "stop", units: ["redis"], cascade: false });
    rig.advance(30_000);
    rig.exit("redis", "SIGKILL");
    expect(await stopped).toEqual([done("redis", "stop redis: did not stop within 30 s and was killed")]);
  });

  test("is refused, naming them, while active units require it, and nothing happens", async () => {
    const rig = new Rig(redis, api, worker);
    await rig.up("redis", "api", "worker");
    const message = "redis: required by api, worker; stop them first, or all together with --cascade";
    expect(rig.desk.order({ tag: "stop", units: ["redis"], cascade: false })).toEqual({
      ok: false,
      faults: [{ code: "unit-required", message, retry: "later" }],
    });
    expect(rig.desk.status().units.map(({ active_state, wanted }) => `${active_state} ${wanted}`)).toEqual([
      "active up",
      "active up",
      "active up",
    ]);
  });

  test("is refused while one instance of those that require it is active", async () => {
    const rig = new Rig(redis, makeUnit("api", { requires: ["redis"], service: { instances: 2, restart: "no" } }));
    void rig.start("redis", "api");
    rig.ready("redis");
    rig.exit("api", 1);
    expect(rig.desk.order({ tag: "stop", units: ["redis"], cascade: false }).ok).toBe(false);
  });

  test("is not refused when those that require it do not run, or are stopped with it", async () => {
    const rig = new Rig(redis, api);
    await rig.up("redis");
    expect(rig.desk.order({ tag: "stop", units: ["redis"], cascade: false }).ok).toBe(true);
    const both = new Rig(redis, api);
    await both.up("redis", "api");
    expect(both.desk.order({ tag: "stop", units: ["redis", "api"], cascade: false }).ok).toBe(true);
  });

  test("is not refused for one that requires it and has failed, or is on its way out", async () => {
    const rig = new Rig(redis, api);
    await rig.up("redis", "api");
    rig.exit("api", 1);
    expect(rig.unit("api")).toMatchObject({ wanted: "up", active_state: "failed" });
    expect(rig.desk.order({ tag: "stop", units: ["redis"], cascade: false }).ok).toBe(true);
    const leaving = new Rig(redis, api);
    await leaving.up("redis", "api");
    void leaving.order({ tag: "stop", units: ["api"], cascade: false });
    expect(leaving.desk.order({ tag: "stop", units: ["redis"], cascade: false }).ok).toBe(true);
    expect(leaving.log.filter((text) => text.startsWith("SIG"))).toEqual(["SIGTERM group i2"]);
  });

  test("with cascade stops those that require it first, and answers for all", async () => {
    const rig = new Rig(redis, api);
    await rig.up("redis", "api");
    const stopped = rig.order({ tag: "stop", units: ["redis"], cascade: true });
    expect(rig.log.filter((text) => text.startsWith("SIG"))).toEqual(["SIGTERM group i2"]);
    rig.exit("api", 0);
    rig.exit("redis", 0);
    expect(await stopped).toEqual([done("api"), done("redis")]);
  });

  test("of a unit somebody waits for answers that one too", async () => {
    const rig = new Rig(redis);
    const started = rig.start("redis");
    const stopped = rig.order({ tag: "stop", units: ["redis"], cascade: false });
    rig.exit("redis", 0);
    expect(await started).toMatchObject([{ result: "failed", message: "start redis: was stopped" }]);
    expect(await stopped).toEqual([done("redis")]);
  });
});

describe("restart", () => {
  test("takes those that require it along, in order, and is answered for what was named", async () => {
    const rig = new Rig(redis, api);
    await rig.up("redis", "api");
    const restarted = rig.order({ tag: "restart", units: ["redis"] });
    rig.exit("api", 0);
    rig.exit("redis", 0);
    expect(rig.log.filter((text) => /^(spawn|SIG)/.test(text)).slice(2)).toEqual([
      "SIGTERM group i2",
      "SIGTERM group i1",
      "spawn redis i3",
    ]);
    rig.ready("redis");
    expect(await restarted).toEqual([done("redis")]);
    expect(rig.log.at(-2)).toBe("spawn api i4");
  });

  test("leaves those alone that require it and do not run", async () => {
    const rig = new Rig(redis, api);
    await rig.up("redis");
    rig.order({ tag: "restart", units: ["redis"] });
    rig.exit("redis", 0);
    rig.ready("redis");
    expect(rig.unit("api")).toMatchObject({ wanted: "down", active_state: "inactive" });
  });

  test("of one that has failed starts it", async () => {
    const rig = new Rig(redis);
    void rig.start("redis");
    rig.exit("redis", 1);
    const restarted = rig.order({ tag: "restart", units: ["redis"] });
    rig.ready("redis");
    expect(await restarted).toEqual([done("redis")]);
  });
});

describe("signal", () => {
  test("goes to the main process of what runs, and is refused for what does not", async () => {
    const rig = new Rig(redis, api);
    await rig.up("redis");
    expect(await rig.order({ tag: "signal", units: ["redis", "api"], signal: "SIGUSR1" })).toMatchObject([
      done("redis"),
      { unit: "api", result: "refused", message: "signal api: has no running process", fault: { retry: "never" } },
    ]);
    expect(rig.log.at(-1)).toBe("SIGUSR1 main i1");
  });
});

describe("reset-failed", () => {
  test("brings a failed unit to rest", async () => {
    const rig = new Rig(redis);
    void rig.start("redis");
    rig.exit("redis", 1);
    expect(rig.unit("redis").active_state).toBe("failed");
    expect(await rig.order({ tag: "reset-failed", units: ["redis"] })).toEqual([done("redis")]);
    expect(rig.unit("redis")).toMatchObject({ active_state: "inactive", wanted: "down", result: "success" });
  });
});

describe("when everything was told to stop", () => {
  const begin = async (): Promise<Rig> => {
    const rig = new Rig(redis, api);
    await rig.up("redis");
    void rig.order({ tag: "stop", units: null, cascade: false });
    return rig;
  };

  test.each(["start", "restart", "reload", "reset-failed"] as const)("%s is refused", async (tag) => {
    const rig = await begin();
    expect(rig.desk.order({ tag, units: ["redis"] })).toEqual({
      ok: false,
      faults: [{ code: "shutting-down", message: "the supervisor is stopping", retry: "later" }],
    });
  });

  test("a signal and another stop are taken", async () => {
    const rig = await begin();
    expect(rig.desk.order({ tag: "signal", units: ["redis"], signal: "SIGQUIT" }).ok).toBe(true);
    expect(rig.desk.order({ tag: "stop", units: ["redis"], cascade: false }).ok).toBe(true);
  });

  test("the verdict of each speaks of the stop", async () => {
    const rig = new Rig(redis);
    await rig.up("redis");
    const stopped = rig.order({ tag: "stop", units: null, cascade: false });
    rig.exit("redis", 4);
    expect(await stopped).toEqual([done("redis", "stop redis: exited with code 4")]);
  });

  test("everything means also what does not run", async () => {
    const rig = new Rig(redis, api);
    expect(await rig.order({ tag: "stop", units: null, cascade: false })).toEqual([done("api"), done("redis")]);
  });
});

test("to settle asks for nothing, and is answered as a start is", async () => {
  const rig = new Rig(makeUnit("api"), makeUnit("task", { service: { type: "oneshot", restart: "no" } }));
  void rig.start("api", "task");
  rig.exit("task", 7);
  const before = rig.log.length;
  const settled = rig.order({ tag: "settle", units: ["api", "task"] });
  expect(rig.log.length).toBe(before);
  rig.ready("api");
  expect((await settled).map(({ unit, result, message }) => [unit, result, message])).toEqual([
    ["api", "done", ""],
    ["task", "failed", "start task: exited with code 7"],
  ]);
});
