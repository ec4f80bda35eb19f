import { describe, expect, test } from "bun:test";
import { told } from "../../supervisor/daemon/happening.ts";
import { makeUnit } from "../support/units.ts";
import { Rig } from "./rig.ts";
import { socketOf } from "./socket-of.ts";

const redis = makeUnit("redis", { service: { restart: "no" } });
const api = makeUnit("api", { requires: ["redis"], sockets: [socketOf("http")], service: { restart: "no" } });
const web = makeUnit("web", { sockets: [socketOf("http")] });
const off = makeUnit("off", { enabled: false, sockets: [socketOf("http")] });
const stopAll = { tag: "stop", units: null, cascade: false } as const;

const spawnsAndSignals = (rig: Rig): readonly string[] => rig.log.filter((text) => /^(spawn|SIG)/.test(text));

describe("boot", () => {
  test("opens the listeners of every enabled unit before the first process is started", () => {
    const rig = new Rig(redis, api, web, off);
    void rig.daemon.boot();
    expect(rig.log.filter((text) => /^(spawn|listen)/.test(text))).toEqual([
      "listen api http",
      "listen web http",
      "spawn redis i1",
      "spawn web i2",
    ]);
  });

  test("leaves a unit alone that is not enabled, unless another one needs it", () => {
    const rig = new Rig(web, off);
    void rig.daemon.boot();
    expect(rig.unit("off")).toMatchObject({ wanted: "down", active_state: "inactive", listeners: [] });
  });

  test("is over when each is up or has failed, and counts those that are up", async () => {
    const rig = new Rig(redis, api, web, off);
    const booted = rig.daemon.boot();
    rig.ready("web");
    expect(await rig.isOpen(booted)).toBe(true);
    rig.exit("redis", 1);
    expect(await booted).toBe(1);
  });

  test("tells which listener is taken, fails that unit, and starts the others", async () => {
    const rig = new Rig({ ...api, requires: [] }, redis);
    rig.fakes.listeners.busy.add("http");
    const booted = rig.daemon.boot();
    rig.ready("redis");
    await booted;
    const message = "http: the address is in use by nginx (pid 9)";
    expect(rig.told[0]).toMatchObject({ level: "error", event: "listener.failed", unit: "api", text: message });
    expect(rig.unit("api")).toMatchObject({ active_state: "failed", result: "resources" });
    expect(rig.unit("redis").active_state).toBe("active");
  });

  test("with a command line that cannot be made fails the unit, with the stage", async () => {
    const rig = new Rig(redis);
    rig.commandFault = { code: "placeholder-missing", message: "PORT is not set", retry: "never" };
    await rig.daemon.boot();
    expect(rig.unit("redis")).toMatchObject({
      active_state: "failed",
      reason: "failed at stage command: PORT is not set",
    });
  });
});

describe("the stop of everything", () => {
  const begin = async (): Promise<Rig> => {
    const rig = new Rig(redis, api);
    const booted = rig.daemon.boot();
    rig.ready("redis", "api");
    await booted;
    return rig;
  };

  test("goes in reverse, and is over when the last process is gone", async () => {
    const rig = await begin();
    void rig.order(stopAll);
    expect(spawnsAndSignals(rig).slice(2)).toEqual(["SIGTERM group i2"]);
    rig.exit("api", 0);
    expect(spawnsAndSignals(rig).slice(2)).toEqual(["SIGTERM group i2", "SIGTERM group i1"]);
    expect(await rig.isOpen(rig.daemon.stopped)).toBe(true);
    rig.exit("redis", 0);
    await rig.daemon.stopped;
  });

  test("is joined by a second one, which signals nobody twice", async () => {
    const rig = await begin();
    const both = [rig.order(stopAll), rig.order(stopAll)];
    expect(spawnsAndSignals(rig).slice(2)).toEqual(["SIGTERM group i2"]);
    rig.exit("api", 0);
    rig.exit("redis", 0);
    const [first, second] = await Promise.all(both);
    expect(second).toEqual(first as typeof second);
    expect(first?.map(({ unit, result }) => `${unit} ${result}`)).toEqual(["api done", "redis done"]);
  });

  test("keeps the listeners open until it is over", async () => {
    const rig = await begin();
    void rig.order(stopAll);
    rig.exit("api", 0);
    rig.exit("redis", 0);
    await rig.daemon.stopped;
    expect(rig.log.join()).not.toContain("close");
    rig.daemon.close();
    expect(rig.log.slice(-2)).toEqual(["close http", "outputs closed"]);
  });

  test("is announced to the outside once, and that of one unit is not", async () => {
    const rig = await begin();
    void rig.order({ tag: "stop", units: ["api"], cascade: false });
    expect(rig.shutdowns).toBe(0);
    void rig.order(stopAll);
    expect(rig.shutdowns).toBe(1);
    void rig.order(stopAll);
    expect(rig.shutdowns).toBe(1);
  });

  test("is not over because something else was ordered meanwhile and is done", async () => {
    const rig = await begin();
    void rig.order(stopAll);
    await rig.order({ tag: "signal", units: ["api"], signal: "SIGUSR1" });
    const one = rig.order({ tag: "stop", units: ["api"], cascade: false });
    rig.exit("api", 0);
    await one;
    expect(await rig.isOpen(rig.daemon.stopped)).toBe(true);
    rig.exit("redis", 0);
    await rig.daemon.stopped;
  });

  test("is not what the stop of one unit means", async () => {
    const rig = await begin();
    const stopped = rig.order({ tag: "stop", units: ["api"], cascade: false });
    rig.exit("api", 0);
    await stopped;
    expect(await rig.isOpen(rig.daemon.stopped)).toBe(true);
  });

  test("at once kills every process there is, those that leave too", async () => {
    const rig = await begin();
    void rig.order(stopAll);
    rig.daemon.killAll();
    expect(spawnsAndSignals(rig).slice(-2)).toEqual(["SIGKILL group i2", "SIGKILL group i1"]);
  });
});

describe("what happens", () => {
  const events = async (rig: Rig, count: number): Promise<readonly unknown[]> => {
    const end = new AbortController();
    const found: unknown[] = [];
    for await (const { at, seq, event, unit, pid } of rig.desk.happenings(0, end.signal)) {
      found.push([seq, at.slice(17, 23), event, unit, pid]);
      if (found.length === count) end.abort();
    }
    return found;
  };

  test("is in the stream and in the journal, in order, with its time and its process", async () => {
    const rig = new Rig(redis);
    rig.advance(250);
    const started = rig.start("redis");
    rig.advance(17);
    rig.ready("redis");
    await started;
    expect(await events(rig, 3)).toEqual([
      [1, "00.250", "service.starting", "redis", null],
      [2, "00.267", "service.ready", "redis", 101],
      [3, "00.267", "service.running", "redis", 101],
    ]);
    expect(rig.told.map(({ event, pid }) => [event, pid])).toEqual([
      ["service.starting", null],
      ["service.ready", 101],
      ["service.running", 101],
    ]);
  });

  test("to the supervisor itself is noted the same way", async () => {
    const rig = new Rig(redis);
    rig.daemon.note(told("info", "supervisor.started", "here"));
    expect(await events(rig, 1)).toEqual([[1, "00.000", "supervisor.started", null, null]]);
    expect(rig.told).toMatchObject([{ level: "info", event: "supervisor.started", text: "here" }]);
  });

  test("when the code has a bug is told as one, and the daemon goes on", async () => {
    const rig = new Rig(redis, web);
    rig.fakes.processes.spawn = () => {
      throw new Error("not a port that never throws");
    };
    void rig.start("redis");
    expect(rig.told.find(({ event }) => event === "supervisor.bug")?.text).toContain("not a port that never throws");
    void rig.order({ tag: "stop", units: ["redis"], cascade: false });
    expect(rig.log.at(-1)).toBe("SIGTERM group i1");
  });
});

test("output files are opened anew when asked", () => {
  const rig = new Rig(redis);
  rig.daemon.reopenOutputs();
  expect(rig.log).toEqual(["outputs reopened"]);
});
