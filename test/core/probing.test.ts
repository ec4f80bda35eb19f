import { describe, expect, test } from "bun:test";
import { healthOf } from "../../supervisor/core/probe.ts";
import { isReady, mainRun } from "../../supervisor/core/state.ts";
import type { Probe, ProbeKind, Service } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import { Life } from "./life.ts";

const probe: Probe = {
  ask: { tag: "http", url: "http://127.0.0.1:1/" },
  initialDelayMs: 0,
  periodMs: 1000,
  timeoutMs: 100,
  failureThreshold: 2,
  successThreshold: 1,
};

type Probes = Readonly<Partial<Record<ProbeKind, Partial<Probe>>>>;

/** One on which the given probes are set; started, and said to be ready. */
function begun(probes: Probes, service: Partial<Service> = {}): Life {
  const full = Object.fromEntries(Object.entries(probes).map(([kind, change]) => [kind, { ...probe, ...change }]));
  const life = new Life(makeUnit("api", { probes: full, service }));
  life.start();
  life.spawned("i1", 101);
  return life;
}

function answer(life: Life, kind: ProbeKind, ok: boolean, invocation = "i1"): readonly string[] {
  return life.send({ tag: "answered", invocation, kind, ok, detail: ok ? "answered 200" : "answered 503" });
}

function up(probes: Probes, service: Partial<Service> = {}): Life {
  const life = begun(probes, service);
  life.ready("i1");
  if (probes.startup) answer(life, "startup", true);
  if (probes.readiness) answer(life, "readiness", true);
  expect(life.state.phase.tag).toBe("running");
  return life;
}

describe("a start", () => {
  test("waits for the readiness probe after READY", () => {
    const life = begun({ readiness: {} });
    expect(life.ready("i1")).toEqual(["ask readiness i1"]);
    expect(answer(life, "readiness", false)).toEqual([]);
    expect(life.pass(1000)).toEqual(["ask readiness i1"]);
    expect(answer(life, "readiness", true)).toEqual([
      "health i1 g1 healthy by readiness: answered 200",
      "ready i1 g1 after 1000",
      "starting → running i1",
    ]);
  });

  test("of a simple service is asked as soon as it was spawned", () => {
    const life = new Life(makeUnit("api", { probes: { readiness: probe }, service: { type: "simple" } }));
    life.start();
    expect(life.spawned("i1", 101)).toEqual(["ask readiness i1"]);
  });

  test("is asked after the initial delay", () => {
    const life = begun({ readiness: { initialDelayMs: 300 } });
    expect(life.ready("i1")).toEqual([]);
    expect(life.pass(299)).toEqual([]);
    expect(life.pass(1)).toEqual(["ask readiness i1"]);
  });

  test("asks the startup probe alone until it passes, and never again", () => {
    const life = begun({ startup: {}, readiness: {}, liveness: {} });
    expect(life.ready("i1")).toEqual(["ask startup i1"]);
    expect(answer(life, "startup", true)).toEqual(["ask readiness i1", "ask liveness i1"]);
    answer(life, "liveness", true);
    answer(life, "readiness", true);
    expect(life.pass(5000).filter((line) => line.includes("startup"))).toEqual([]);
  });

  test("whose startup probe fails too often is ended, with result probe", () => {
    const life = begun({ startup: {} });
    life.ready("i1");
    answer(life, "startup", false);
    life.pass(1000);
    expect(answer(life, "startup", false)).toEqual([
      "health i1 g1 unhealthy by startup: answered 503",
      "SIGTERM group i1",
      "starting → stopping: failed its startup probe 2 times: answered 503",
    ]);
  });

  test("needs as many passes in a row as success_threshold says", () => {
    const life = begun({ readiness: { successThreshold: 2 } });
    life.ready("i1");
    answer(life, "readiness", true);
    life.pass(1000);
    answer(life, "readiness", false);
    life.pass(1000);
    answer(life, "readiness", true);
    expect(life.state.phase.tag).toBe("starting");
    life.pass(1000);
    answer(life, "readiness", true);
    expect(life.state.phase.tag).toBe("running");
  });

  test("that never gets ready is over at timeout_start_sec", () => {
    const life = begun({ readiness: {} }, { timeoutStartMs: 1500 });
    life.ready("i1");
    answer(life, "readiness", false);
    life.pass(1000);
    answer(life, "readiness", false);
    expect(life.pass(500)).toContain("starting → stopping: was not ready within 1500 ms");
  });
});

describe("a running service", () => {
  test("is asked once a period from question to question, however long the answer takes", () => {
    const life = up({ readiness: {} });
    expect(life.pass(1000)).toEqual(["ask readiness i1"]);
    life.now += 90;
    answer(life, "readiness", true);
    expect(life.pass(909)).toEqual([]);
    expect(life.pass(1)).toEqual(["ask readiness i1"]);
  });

  test("that is not ready any more stays, unhealthy, until it is again", () => {
    const life = up({ readiness: {} });
    life.pass(1000);
    expect(answer(life, "readiness", false)).toEqual([]);
    expect(isReady(life.state)).toBe(true);
    life.pass(1000);
    expect(answer(life, "readiness", false)).toEqual(["health i1 g1 unhealthy by readiness: answered 503"]);
    expect([life.state.phase.tag, isReady(life.state)]).toEqual(["running", false]);
    life.pass(1000);
    expect(answer(life, "readiness", true)).toEqual(["health i1 g1 healthy by readiness: answered 200"]);
    expect(isReady(life.state)).toBe(true);
  });

  test("that fails its liveness probe is ended, and started again by its policy", () => {
    const life = up({ liveness: {} });
    answer(life, "liveness", false);
    life.pass(1000);
    expect(answer(life, "liveness", false)).toContain(
      "running → stopping: failed its liveness probe 2 times: answered 503",
    );
    life.exit("i1");
    expect(life.state.phase.tag).toBe("waiting");
  });

  const policies: readonly (readonly [Service["restart"], string])[] = [
    ["no", "failed"],
    ["on-success", "failed"],
    ["on-failure", "waiting"],
    ["on-abnormal", "waiting"],
    ["on-watchdog", "waiting"],
    ["on-abort", "failed"],
    ["always", "waiting"],
  ];
  test.each(policies)("that fails its liveness probe with restart = %s ends up %s", (restart, phase) => {
    const life = up({ liveness: { failureThreshold: 1 } }, { restart });
    answer(life, "liveness", false);
    life.exit("i1");
    expect(life.state.phase.tag).toBe(phase as "failed");
  });

  test("is not asked any more once it says that it stops, or is stopped", () => {
    const life = up({ liveness: {} });
    answer(life, "liveness", true);
    life.send({ tag: "mood", invocation: "i1", mood: "stopping" });
    expect(life.pass(5000)).toEqual([]);
    const stopped = up({ liveness: {} });
    answer(stopped, "liveness", true);
    stopped.stop();
    expect(stopped.pass(5000)).toEqual([]);
  });

  test("hears no answer to a question that was not asked", () => {
    const life = up({ liveness: { failureThreshold: 1 } });
    answer(life, "liveness", true);
    expect(answer(life, "liveness", false)).toEqual([]);
    expect(answer(life, "startup", false)).toEqual([]);
    expect(answer(life, "liveness", false, "i9")).toEqual([]);
  });
});

describe("a handover", () => {
  const replaced = (probes: Probes): Life => {
    const life = up(probes);
    life.reload();
    life.spawned("i2", 102);
    return life;
  };

  test("waits until the new generation's own readiness probe passes", () => {
    const life = replaced({ readiness: {} });
    expect(life.ready("i2")).toContain("ask readiness i2");
    expect(life.state.phase.tag).toBe("replacing");
    expect(answer(life, "readiness", true, "i2")).toContain("replacing → soaking i1");
  });

  test("keeps the old generation when one answer fails in the soak", () => {
    const life = replaced({ readiness: { periodMs: 400 } });
    life.ready("i2");
    answer(life, "readiness", true, "i2");
    life.pass(400);
    const lines = answer(life, "readiness", false, "i2");
    expect(lines).toContain("SIGTERM group i2");
    expect(lines).toContain("soaking → running i1: failed its readiness probe once: answered 503");
    expect(lines.some((line) => line.startsWith("handover 1 kept-old i2"))).toBe(true);
  });

  test("goes on when the old generation fails one answer", () => {
    const life = replaced({ readiness: { periodMs: 400 } });
    life.ready("i2");
    answer(life, "readiness", true, "i2");
    life.pass(400);
    answer(life, "readiness", false, "i1");
    expect(life.state.phase.tag).toBe("soaking");
  });

  test("keeps the old generation when the new one's startup probe fails", () => {
    const life = replaced({ startup: { failureThreshold: 1 } });
    life.ready("i2");
    const lines = answer(life, "startup", false, "i2");
    expect(lines).toContain("replacing → running i1: failed its startup probe once: answered 503");
  });
});

test("a life is healthy when all of its probes pass, and unhealthy when one fails", () => {
  const life = up({ readiness: {}, liveness: {} });
  const health = (): string => healthOf(mainRun(life.state)?.probes ?? {});
  expect(health()).toBe("unknown");
  answer(life, "liveness", true);
  expect(health()).toBe("healthy");
  life.pass(1000);
  answer(life, "readiness", false);
  life.pass(1000);
  answer(life, "readiness", false);
  expect(health()).toBe("unhealthy");
});

test("an old generation that says it stops, and is kept all the same, has as long for it as any stop", () => {
  const life = up({}, { timeoutStopMs: 400, restart: "no" });
  life.reload();
  life.spawned("i2", 102);
  life.send({ tag: "mood", invocation: "i1", mood: "stopping" });
  life.exit("i2", 1);
  expect(life.state.phase.tag).toBe("running");
  expect(life.pass(400)).toContain("running → stopping: did not stop within 400 ms and was killed");
});
