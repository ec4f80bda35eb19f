import { describe, expect, test } from "bun:test";
import type { Service } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import { Life } from "./life.ts";
import { lifeAt } from "./stages.ts";

const child = [{ pid: 7, command: "child" }];
const left = (life: Life) =>
  life.state.leaving.map(({ run, purpose, killed, orphaned }) => [run.invocation, purpose, killed, orphaned]);

describe("a stop", () => {
  test("that is heeded in time is clean", () => {
    const life = lifeAt("running", { timeoutStopMs: 500 });
    life.stop();
    life.pass(499);
    expect(life.exit("i1", "SIGTERM")).toEqual(["exited i1 g1: was killed by SIGTERM", "stopping → inactive"]);
    expect(life.state.cause).toBeNull();
  });

  test("over its limit ends in SIGKILL and leaves the unit failed", () => {
    const life = lifeAt("running", { timeoutStopMs: 500 });
    life.stop();
    expect(life.pass(499)).toEqual([]);
    expect(life.pass(1)).toEqual(["over-limit i1 g1 stop 500", "SIGKILL group i1"]);
    expect(left(life)).toEqual([["i1", "stop", true, false]]);
    expect(life.exit("i1", "SIGKILL")).toEqual([
      "exited i1 g1: was killed by SIGKILL",
      "stopping → failed: did not stop within 500 ms and was killed",
    ]);
    expect(life.state.cause).toEqual({ tag: "stop-timeout", limitMs: 500 });
  });

  test("over its limit in a restart is followed by the start all the same", () => {
    const life = lifeAt("running", { timeoutStopMs: 500 });
    life.restart();
    life.pass(500);
    expect(life.exit("i1", "SIGKILL")).toEqual(["exited i1 g1: was killed by SIGKILL", "stopping → inactive"]);
    expect(life.state).toMatchObject({ bounce: false, wanted: "up", cause: null });
  });

  test("uses the unit's own signals", () => {
    const life = lifeAt("running", { killSignal: "SIGQUIT", finalKillSignal: "SIGABRT", timeoutStopMs: 500 });
    expect(life.stop()[0]).toBe("SIGQUIT group i1");
    expect(life.pass(500)).toContain("SIGABRT group i1");
  });

  test("without send_sigkill sends none, and gives the process up", () => {
    const life = lifeAt("running", { sendSigkill: false, timeoutStopMs: 500 });
    life.stop();
    const lines = life.pass(500);
    expect(lines[0]).toBe("abandoned i1 g1");
    expect(lines.join()).not.toContain("SIGKILL");
    expect(life.state.leaving).toEqual([]);
    expect(life.exit("i1", 0)).toEqual([]);
  });

  test("of a process that SIGKILL does not end is given up ten seconds later", () => {
    const life = lifeAt("running", { timeoutStopMs: 500 });
    life.stop();
    life.pass(500);
    expect(life.pass(9_999)).toEqual([]);
    expect(life.pass(1)).toEqual(["abandoned i1 g1", "stopping → failed: did not stop within 500 ms and was killed"]);
    expect(life.state.leaving).toEqual([]);
  });

  test("asks each process once: a second halt finds nobody", () => {
    const life = lifeAt("running");
    life.stop();
    expect(life.send({ tag: "halt" })).toEqual([]);
    expect(left(life)).toHaveLength(1);
  });
});

describe("kill_mode", () => {
  type Row = readonly [mode: Service["killMode"], asked: string, killed: string];
  const rows: readonly Row[] = [
    ["control-group", "SIGTERM group i1", "SIGKILL group i1"],
    ["mixed", "SIGTERM main i1", "SIGKILL group i1"],
    ["process", "SIGTERM main i1", "SIGKILL main i1"],
  ];
  test.each(rows)("%s asks with %s and kills with %s", (killMode, asked, killed) => {
    const life = lifeAt("running", { killMode, timeoutStopMs: 500 });
    expect(life.stop()[0]).toBe(asked);
    expect(life.pass(500)[1]).toBe(killed);
  });
});

describe("what is left of a group when its leader went as it was told", () => {
  test("has the rest of the time (control-group)", () => {
    const life = lifeAt("running", { timeoutStopMs: 500 });
    life.stop();
    life.pass(200);
    expect(life.exit("i1", 0, child)).toEqual(["exited i1 g1: exited with code 0", "survived i1: 7 child"]);
    expect(left(life)).toEqual([["i1", "stop", false, true]]);
    expect(life.pass(299)).toEqual([]);
    expect(life.pass(1)).toEqual(["over-limit i1 g1 stop 500", "SIGKILL group i1"]);
    expect(life.emptied("i1")).toEqual(["stopping → failed: did not stop within 500 ms and was killed"]);
  });

  test("may also go by itself", () => {
    const life = lifeAt("running");
    life.stop();
    life.exit("i1", 0, child);
    expect(life.emptied("i1")).toEqual(["stopping → inactive"]);
  });

  test("is killed at once (mixed)", () => {
    const life = lifeAt("running", { killMode: "mixed" });
    life.stop();
    expect(life.exit("i1", 0, child)).toEqual([
      "exited i1 g1: exited with code 0",
      "survived i1: 7 child",
      "SIGKILL group i1",
    ]);
    expect(left(life)).toEqual([["i1", "stop", true, true]]);
    expect(life.emptied("i1")).toEqual(["stopping → inactive"]);
  });

  test("is not killed twice (mixed, after the limit)", () => {
    const life = lifeAt("running", { killMode: "mixed", timeoutStopMs: 500 });
    life.stop();
    life.pass(500);
    expect(life.exit("i1", "SIGKILL", child)).toEqual(["exited i1 g1: was killed by SIGKILL", "survived i1: 7 child"]);
    expect(left(life)).toEqual([["i1", "stop", true, true]]);
  });

  test("is left alone (process)", () => {
    const life = lifeAt("running", { killMode: "process" });
    life.stop();
    expect(life.exit("i1", 0, child)).toEqual(["exited i1 g1: exited with code 0", "stopping → inactive"]);
  });

  test("is told about once: a second exit of the same leader changes nothing", () => {
    const life = lifeAt("running");
    life.stop();
    life.exit("i1", 0, child);
    expect(life.exit("i1", 0)).toEqual([]);
    expect(left(life)).toHaveLength(1);
  });
});

describe("what is left of a group when its leader ended by itself", () => {
  const rows: readonly (readonly [Service["killMode"], readonly string[], string])[] = [
    ["control-group", ["survived i1: 7 child", "SIGTERM group i1"], "stopping"],
    ["mixed", ["survived i1: 7 child", "SIGKILL group i1"], "stopping"],
    ["process", [], "waiting"],
  ];
  test.each(rows)("with kill_mode %s: %p", (killMode, lines, phase) => {
    const life = lifeAt("running", { killMode });
    const happened = life.exit("i1", 1, child);
    expect(happened.filter((text) => /survived|SIG/.test(text))).toEqual([...lines]);
    expect(life.state.phase.tag).toBe(phase as "stopping");
  });

  test("is waited for before the restart, then killed at the stop's limit", () => {
    const life = lifeAt("running", { timeoutStopMs: 500 });
    life.exit("i1", 1, child);
    expect(life.send({ tag: "launch" })).toEqual([]);
    expect(life.pass(499)).toEqual([]);
    expect(life.pass(1)).toEqual(["over-limit i1 g1 stop 500", "SIGKILL group i1"]);
    expect(life.emptied("i1")).toEqual(["stopping → waiting: exited with code 1", "restart 1 in 100"]);
  });
});

describe("a drain", () => {
  const draining = (drainMs: number, service: Partial<Service> = {}): Life => {
    const life = new Life(makeUnit("api", { service, handover: { soakMs: 0, drainMs } }));
    life.up();
    life.reload();
    life.ready("i2");
    return life;
  };

  test("has its own limit, not the stop's", () => {
    const life = draining(5_000, { timeoutStopMs: 100 });
    expect(life.pass(4_999)).toEqual([]);
    expect(life.pass(1)).toEqual(["over-limit i1 g1 drain 5000", "SIGKILL group i1"]);
  });

  test("becomes a stop with the stop's limit when the unit is stopped", () => {
    const life = draining(60_000, { timeoutStopMs: 500 });
    life.stop();
    expect(life.state.leaving).toMatchObject([
      { run: { invocation: "i1" }, purpose: "stop", deadline: life.now + 500 },
      { run: { invocation: "i2" }, purpose: "stop", deadline: life.now + 500 },
    ]);
    expect(life.pass(500).filter((text) => text.startsWith("SIGKILL"))).toEqual([
      "SIGKILL group i1",
      "SIGKILL group i2",
    ]);
  });

  test("is not given more time by a stop", () => {
    const life = draining(300, { timeoutStopMs: 5_000 });
    life.stop();
    expect(life.state.leaving[0]?.deadline).toBe(life.now + 300);
  });

  test("does not hold up the restart of the new generation", () => {
    const life = draining(60_000);
    expect(life.exit("i2", 1)).toContain("restart 1 in 100");
    expect(life.pass(100)).toEqual(["spawn i3 g2", "waiting → starting i3"]);
    expect(left(life)).toEqual([["i1", "drain", false, false]]);
  });

  test("holds up the rest of a unit that has failed", () => {
    const life = draining(60_000, { restart: "no" });
    life.exit("i2", 1);
    expect(life.state.phase).toMatchObject({ tag: "stopping", next: "failed" });
    expect(life.exit("i1", 0)).toContain("stopping → failed: exited with code 1");
  });

  test("that ends uncleanly blames nobody", () => {
    const life = draining(60_000);
    life.exit("i1", 3);
    expect([life.state.phase.tag, life.state.cause]).toEqual(["running", null]);
  });

  test("of a process that does not end is given up", () => {
    const life = draining(200);
    expect(life.pass(10_200)).toEqual([
      "over-limit i1 g1 drain 200",
      "SIGKILL group i1",
      "abandoned i1 g1",
      "drained i1 g1 after 10200 killed",
    ]);
  });
});
