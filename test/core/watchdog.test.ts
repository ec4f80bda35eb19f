import { describe, expect, test } from "bun:test";
import { serving } from "../../supervisor/core/state.ts";
import type { Service } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import { Life } from "./life.ts";
import { lifeAt } from "./stages.ts";

const watched: Partial<Service> = { watchdogMs: 500, startLimitBurst: 0 };
const alive = (life: Life, invocation: string, everyMs: number | null = null): readonly string[] =>
  life.send({ tag: "alive", invocation, everyMs });
const hung = (life: Life, invocation: string): readonly string[] => life.send({ tag: "hung", invocation });
const watchdogs = ({ state }: Life) => serving(state).map((run) => run.watchdog);

describe("a watched service", () => {
  test("that gives no sign of life is ended by SIGABRT and restarted", () => {
    const life = lifeAt("running", watched);
    expect(life.pass(499)).toEqual([]);
    expect(life.pass(1)).toEqual(["SIGABRT group i1", "running → stopping: gave no sign of life for 500 ms"]);
    expect(life.exit("i1", "SIGABRT")).toEqual([
      "exited i1 g1: was killed by SIGABRT",
      "stopping → waiting: gave no sign of life for 500 ms",
      "restart 1 in 100",
    ]);
    expect(life.state.cause).toEqual({ tag: "watchdog", limitMs: 500 });
  });

  test("that does not even hear SIGABRT is killed when timeout_stop_sec is over", () => {
    const life = lifeAt("running", { ...watched, timeoutStopMs: 300 });
    life.pass(500);
    expect(life.pass(300)).toContain("SIGKILL group i1");
  });

  test("lives on with each sign, counted from that sign", () => {
    const life = lifeAt("running", watched);
    life.pass(400);
    expect(alive(life, "i1")).toEqual([]);
    expect(life.pass(499)).toEqual([]);
    expect(life.pass(1)).toContain("SIGABRT group i1");
  });

  test("is not watched before it is ready", () => {
    const life = lifeAt("starting", watched);
    alive(life, "i1");
    expect(watchdogs(life)).toEqual([null]);
    expect(life.pass(29_999)).toEqual([]);
  });

  test("that names another limit before it is ready is watched by that one from READY on", () => {
    const life = lifeAt("starting", watched);
    alive(life, "i1", 100);
    expect(life.pass(1_000)).toEqual([]);
    life.ready("i1");
    expect(life.pass(99)).toEqual([]);
    expect(life.pass(1)).toContain("running → stopping: gave no sign of life for 100 ms");
    const free = lifeAt("starting", watched);
    alive(free, "i1", 0);
    free.ready("i1");
    expect(free.pass(60_000)).toEqual([]);
  });

  test("is watched by another limit from the sign that names it, and so from then on", () => {
    const life = lifeAt("running", watched);
    alive(life, "i1", 2_000);
    expect(life.pass(1_999)).toEqual([]);
    alive(life, "i1");
    expect(life.pass(1_999)).toEqual([]);
    expect(life.pass(1)).toContain("running → stopping: gave no sign of life for 2 s");
  });

  test("is watched no more from the sign that names 0, and signs without a number do not change that", () => {
    const life = lifeAt("running", watched);
    alive(life, "i1", 0);
    alive(life, "i1");
    expect(watchdogs(life)).toEqual([null]);
    expect(life.pass(60_000)).toEqual([]);
  });

  test("that is asked to stop is waited for by timeout_stop_sec alone", () => {
    const life = lifeAt("running", watched);
    life.stop();
    expect(life.pass(29_999)).toEqual([]);
    expect(alive(life, "i1", 1)).toEqual([]);
    expect(life.pass(1)).toContain("over-limit i1 g1 stop 30000");
  });
});

describe("a service without watchdog_sec", () => {
  test("is not watched, and its signs are no harm", () => {
    const life = lifeAt("running");
    alive(life, "i1");
    expect(watchdogs(life)).toEqual([null]);
  });

  test("is watched from the sign that names a limit", () => {
    const life = lifeAt("running");
    alive(life, "i1", 300);
    expect(life.pass(300)).toContain("SIGABRT group i1");
  });

  test("can say itself that it hangs", () => {
    const life = lifeAt("running");
    expect(hung(life, "i1")).toEqual([
      "SIGABRT group i1",
      "running → stopping: asked to be restarted (WATCHDOG=trigger)",
    ]);
  });
});

test("a word that it hangs from one that is not ready, that leaves, or that is gone changes nothing", () => {
  const starting = lifeAt("starting");
  const stopping = lifeAt("stopping");
  expect([hung(starting, "i1"), hung(stopping, "i1"), hung(lifeAt("waiting"), "i1")]).toEqual([[], [], []]);
});

describe("the policy", () => {
  test.each([
    ["no", "failed"],
    ["on-success", "failed"],
    ["on-abort", "failed"],
    ["on-watchdog", "waiting"],
    ["on-abnormal", "waiting"],
    ["on-failure", "waiting"],
    ["always", "waiting"],
  ] as const)("%s: %s after a watchdog", (restart, phase) => {
    const life = lifeAt("running", { ...watched, restart });
    life.pass(500);
    life.exit("i1", "SIGABRT");
    expect(life.state.phase.tag).toBe(phase);
  });
});

describe("in a handover", () => {
  test("an old generation that hangs goes, and the new one is waited for within the time it had", () => {
    const life = lifeAt("replacing", watched);
    const [before] = "deadline" in life.state.phase ? [life.state.phase.deadline] : [];
    expect(life.pass(500)).toEqual(["SIGABRT group i1", "replacing → starting i2: gave no sign of life for 500 ms"]);
    expect(life.state.phase).toMatchObject({ tag: "starting", deadline: before as number, heir: { tag: "watchdog" } });
    life.exit("i1", "SIGABRT");
    expect(life.ready("i2")).toContain("handover 1 done i2 g2 ready 500: gave no sign of life for 500 ms");
  });

  test("an old generation that hangs in the soak goes, and the new one serves at once", () => {
    const life = lifeAt("soaking", watched);
    alive(life, "i2");
    expect(hung(life, "i1").slice(0, 2)).toEqual([
      "SIGABRT group i1",
      "soaking → running i2: asked to be restarted (WATCHDOG=trigger)",
    ]);
    expect(life.state.handover.last).toMatchObject({ result: "done" });
  });

  test("a new generation that hangs in the soak is rejected, and the old one stays untouched", () => {
    const life = lifeAt("soaking", watched);
    life.pass(400);
    alive(life, "i1");
    const lines = life.pass(100);
    expect(lines).toContain("soaking → running i1: gave no sign of life for 500 ms");
    expect(lines.filter((text) => text.startsWith("SIG"))).toEqual(["SIGTERM group i2"]);
    expect(life.state.handover.last).toMatchObject({ result: "kept-old", cause: { tag: "watchdog" } });
  });

  test("a new generation is watched for itself from its own READY on", () => {
    const life = new Life(makeUnit("api", { service: watched, handover: { soakMs: 0 } }));
    life.up();
    life.pass(300);
    life.reload();
    life.ready("i2");
    expect(watchdogs(life)).toEqual([{ at: life.now + 500, everyMs: 500 }]);
  });
});
