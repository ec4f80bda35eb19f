import { describe, expect, test } from "bun:test";
import type { Handover } from "../../supervisor/core/state.ts";
import { makeUnit } from "../support/units.ts";
import { Life } from "./life.ts";
import { lifeAt } from "./stages.ts";

const last = (life: Life): Handover["last"] => life.state.handover.last;
const verdict = (life: Life) => [last(life)?.ticket, last(life)?.result, last(life)?.cause?.tag ?? null];

describe("a handover that goes well", () => {
  test("starts the next generation beside the old one, soaks, then drains the old one", () => {
    const life = lifeAt("running");
    expect(life.reload()).toEqual(["spawn i2 g2", "handover 1 began i2 g2", "running → replacing i1"]);
    life.spawned("i2", 102);
    life.now += 17;
    expect(life.ready("i2")).toEqual(["ready i2 g2 after 17", "replacing → soaking i1"]);
    expect(life.pass(999)).toEqual([]);
    expect(life.pass(1)).toEqual([
      "draining i1 g1 limit 30000",
      "SIGTERM main i1",
      "soaking → running i2",
      "handover 1 done i2 g2 ready 17",
    ]);
    expect(life.state).toMatchObject({ generation: 2, phase: { tag: "running", run: { invocation: "i2", pid: 102 } } });
    life.now += 4;
    expect(life.exit("i1", 0)).toEqual(["exited i1 g1: exited with code 0", "drained i1 g1 after 4"]);
    expect(last(life)).toEqual({
      ticket: 1,
      rollout: 10,
      back: false,
      result: "done",
      cause: null,
      invocation: "i2",
      readyMs: 17,
      drainMs: 4,
    });
    expect(life.state.leaving).toEqual([]);
  });

  test("without a soak drains the old one at READY", () => {
    const life = new Life(makeUnit("api", { handover: { soakMs: 0, drainMs: 200 } }));
    life.up();
    life.reload();
    expect(life.ready("i2")).toEqual([
      "ready i2 g2 after 0",
      "draining i1 g1 limit 200",
      "SIGTERM main i1",
      "replacing → running i2",
      "handover 1 done i2 g2 ready 0",
    ]);
  });

  test("B8: has its time in the verdict also when the drain had to be cut", () => {
    const life = new Life(makeUnit("api", { handover: { soakMs: 0, drainMs: 200 } }));
    life.up();
    life.reload();
    life.ready("i2");
    expect(life.pass(200)).toEqual(["over-limit i1 g1 drain 200", "SIGKILL group i1"]);
    life.now += 3;
    expect(life.exit("i1", "SIGKILL")).toEqual([
      "exited i1 g1: was killed by SIGKILL",
      "drained i1 g1 after 203 killed",
    ]);
    expect(last(life)).toMatchObject({ result: "done", drainMs: 203 });
    expect([life.state.phase.tag, life.state.cause]).toEqual(["running", null]);
  });
});

describe("when the new generation fails, the old one stays:", () => {
  const kept = (lines: readonly string[]): readonly string[] => lines.filter((text) => text.startsWith("handover"));

  test("B1 B18: it ends before it is ready", () => {
    const life = lifeAt("replacing");
    expect(life.exit("i2", 1)).toEqual([
      "exited i2 g2: exited with code 1 before it was ready",
      "replacing → running i1: exited with code 1 before it was ready",
      "handover 1 kept-old i2 g2: exited with code 1 before it was ready",
    ]);
    expect(life.state).toMatchObject({ phase: { run: { invocation: "i1", generation: 1 } }, cause: null });
  });

  test("it cannot be started at all", () => {
    const life = lifeAt("replacing");
    expect(kept(life.spawnFailed("i2"))).toEqual(["handover 1 kept-old i2 g2: failed at stage exec: no such file"]);
    expect(life.state).toMatchObject({ phase: { tag: "running", run: { invocation: "i1" } }, leaving: [] });
  });

  test("B4: it ends in the soak, even in success", () => {
    const life = lifeAt("soaking");
    expect(kept(life.exit("i2", 0))).toEqual(["handover 1 kept-old i2 g2 ready 0: exited with code 0"]);
    expect(life.state.phase).toMatchObject({ tag: "running", run: { invocation: "i1" } });
    expect(life.pass(60_000)).toEqual([]);
  });

  test("B1 B2: it is never ready: it is told to go, and killed when it does not", () => {
    const life = lifeAt("replacing", { timeoutStartMs: 400, timeoutStopMs: 300 });
    expect(life.pass(399)).toEqual([]);
    expect(life.pass(1)).toEqual([
      "SIGTERM group i2",
      "replacing → running i1: was not ready within 400 ms",
      "handover 1 kept-old i2 g2: was not ready within 400 ms",
    ]);
    expect(life.pass(300)).toEqual(["over-limit i2 g2 stop 300", "SIGKILL group i2"]);
    expect(life.exit("i2", "SIGKILL")).toEqual(["exited i2 g2: was killed by SIGKILL before it was ready"]);
    expect([life.state.phase.tag, life.state.cause]).toEqual(["running", null]);
    expect(last(life)?.drainMs).toBeNull();
  });

  test("what it leaves behind in its group goes too", () => {
    const life = lifeAt("replacing");
    const lines = life.exit("i2", 1, [{ pid: 7, command: "child" }]);
    expect(lines).toContain("survived i2: 7 child");
    expect(lines).toContain("SIGTERM group i2");
    expect(life.state.phase).toMatchObject({ tag: "running", run: { invocation: "i1" } });
  });

  test("its generation's number is not given again", () => {
    const life = lifeAt("replacing");
    life.exit("i2", 1);
    expect(life.reload()).toContain("spawn i3 g3");
    expect(life.state.generation).toBe(3);
  });

  test("B24: a READY that comes after its verdict changes nothing", () => {
    const life = lifeAt("replacing", { timeoutStartMs: 400 });
    life.pass(400);
    expect(life.ready("i2")).toEqual([]);
    expect(life.state.phase).toMatchObject({ tag: "running", run: { invocation: "i1" } });
  });
});

describe("when the old generation dies while the new one is not ready", () => {
  test("B9: the heir is waited for, within the time it had, and no third process is started", () => {
    const life = lifeAt("replacing", { timeoutStartMs: 400 });
    life.now += 100;
    expect(life.exit("i1", 9)).toEqual([
      "exited i1 g1: exited with code 9",
      "replacing → starting i2: exited with code 9",
    ]);
    expect(life.state.phase).toMatchObject({ tag: "starting", heir: { tag: "old-exited" }, deadline: life.now + 300 });
    expect(last(life)).toBeNull();
  });

  test("the handover is done at the heir's READY, and says so", () => {
    const life = lifeAt("replacing");
    life.exit("i1", 9);
    life.now += 5;
    expect(life.ready("i2")).toEqual([
      "ready i2 g2 after 5",
      "starting → running i2",
      "handover 1 done i2 g2 ready 5: the old generation exited with code 9 during the handover",
    ]);
    expect([life.state.phase.tag, life.state.cause, life.state.leaving]).toEqual(["running", null, []]);
  });

  test("and the heir dies too, the handover has failed and the policy follows", () => {
    const life = lifeAt("replacing");
    life.exit("i1", 9);
    expect(life.exit("i2", 1)).toEqual([
      "exited i2 g2: exited with code 1 before it was ready",
      "handover 1 failed i2 g2: exited with code 1 before it was ready",
      "starting → stopping: exited with code 1 before it was ready",
      "stopping → waiting: exited with code 1 before it was ready",
      "restart 1 in 100",
    ]);
    expect(life.pass(100)).toEqual(["spawn i3 g2", "waiting → starting i3"]);
    expect(life.state.phase).toMatchObject({ heir: null });
  });

  test("and the heir is late, the handover has failed", () => {
    const life = lifeAt("replacing", { timeoutStartMs: 400 });
    life.exit("i1", 9);
    expect(life.pass(400)).toEqual([
      "handover 1 failed i2 g2: was not ready within 400 ms",
      "SIGTERM group i2",
      "starting → stopping: was not ready within 400 ms",
    ]);
  });

  test("and a stop comes, the handover has failed", () => {
    const life = lifeAt("replacing");
    life.exit("i1", 9);
    expect(life.stop()).toEqual([
      "handover 1 failed i2 g2: was stopped",
      "SIGTERM group i2",
      "starting → stopping: was stopped",
    ]);
  });

  test("what it leaves behind in its group is told to go", () => {
    const life = lifeAt("replacing");
    expect(life.exit("i1", 9, [{ pid: 7, command: "child" }])).toContain("SIGTERM group i1");
    expect(life.state.phase.tag).toBe("starting");
    expect(life.state.leaving).toMatchObject([{ orphaned: true, purpose: "stop" }]);
  });
});

describe("a new generation that says READY and does not accept", () => {
  test("is refused, told to go, and the old one stays", () => {
    const life = lifeAt("replacing");
    const effects = life.send({ tag: "ready", invocation: "i2", idle: ["http"] });
    expect(effects).toContain("SIGTERM group i2");
    expect(life.state.phase).toMatchObject({ tag: "running", run: { invocation: "i1" } });
    expect(life.state.handover.last).toMatchObject({
      result: "kept-old",
      cause: { tag: "not-serving", listeners: ["http"] },
    });
  });
});

test("who is up by its probe is not judged by a READY that its type does not wait for", () => {
  const life = lifeAt("replacing", { type: "simple" });
  life.send({ tag: "ready", invocation: "i2", idle: ["http"] });
  expect(life.state.phase).toMatchObject({ tag: "soaking", next: { invocation: "i2" } });
});

describe("a new generation that says STOPPING=1 in the soak", () => {
  test("B4: is told to go, and the old one stays", () => {
    const life = lifeAt("soaking");
    const effects = life.send({ tag: "mood", invocation: "i2", mood: "stopping" });
    expect(effects).toContain("SIGTERM group i2");
    expect(life.state.phase).toMatchObject({ tag: "running", run: { invocation: "i1" } });
    expect(life.state.handover.last).toMatchObject({ result: "kept-old", cause: { tag: "stopping" } });
  });
});

describe("a drained leader that leaves others behind", () => {
  test("was a wrapper: now those behind it are told, and have until the drain's limit", () => {
    const life = lifeAt("soaking");
    life.pass(1_000);
    const [one] = life.state.leaving;
    expect(life.exit("i1", "SIGTERM", [{ pid: 7, command: "server" }])).toContain("SIGTERM group i1");
    expect(life.state.leaving).toMatchObject([{ orphaned: true, purpose: "drain", deadline: one?.deadline }]);
  });
});

describe("when the old generation dies in the soak", () => {
  test("the new one takes over at once", () => {
    const life = lifeAt("soaking");
    expect(life.exit("i1", "SIGSEGV")).toEqual([
      "exited i1 g1: was killed by SIGSEGV (core dumped)",
      "soaking → running i2: was killed by SIGSEGV (core dumped)",
      "handover 1 done i2 g2 ready 0: the old generation was killed by SIGSEGV (core dumped) during the handover",
    ]);
    expect([life.state.phase.tag, life.state.cause]).toEqual(["running", null]);
    expect(life.pass(5_000)).toEqual([]);
  });

  test("and the new one right after it, the unit is restarted by its policy", () => {
    const life = lifeAt("soaking");
    life.exit("i1", 1);
    expect(life.exit("i2", 1)).toContain("restart 1 in 100");
    expect(verdict(life)).toEqual([1, "done", "old-exited"]);
  });
});

describe("tickets", () => {
  test("B6: each handover has the next number, and a reload meanwhile joins the queued one", () => {
    const life = lifeAt("running");
    life.reload();
    for (let count = 0; count < 200; count++) life.send({ tag: "want-reload" });
    expect(life.state.handover).toEqual({ serial: 1, queued: life.now, rollout: life.now, undo: [], last: null });
    life.ready("i2");
    life.pass(1_000);
    expect([life.state.handover.serial, ...verdict(life)]).toEqual([1, 1, "done", null]);
    expect(life.state.handover.queued).not.toBeNull();
    life.exit("i1", 0);
    expect(life.send({ tag: "replace" })).toContain("handover 2 began i3 g3");
    expect([life.state.handover.serial, life.state.handover.queued]).toEqual([2, null]);
  });

  test("a reload while it starts waits until it runs", () => {
    const life = lifeAt("starting");
    expect(life.reload()).toEqual([]);
    life.ready("i1");
    expect(life.state.handover.queued).not.toBeNull();
    expect(life.send({ tag: "replace" })).toContain("handover 1 began i2 g2");
  });

  test("a stop answers the running and the queued one", () => {
    const life = lifeAt("replacing");
    life.send({ tag: "want-reload" });
    expect(life.stop().slice(0, 2)).toEqual([
      "handover 1 failed i2 g2: was stopped",
      "handover 2 failed g2: was stopped",
    ]);
    expect(life.state.handover).toMatchObject({ serial: 2, queued: null, last: { ticket: 2, result: "failed" } });
  });

  test("an end by itself answers a queued one", () => {
    const life = lifeAt("running");
    life.send({ tag: "want-reload" });
    expect(life.exit("i1", 3)).toContain("handover 1 failed g1: exited with code 3");
    expect(life.state.handover).toMatchObject({ serial: 1, queued: null });
  });

  test("a start that is late answers a queued one", () => {
    const life = lifeAt("starting", { timeoutStartMs: 500 });
    life.send({ tag: "want-reload" });
    expect(life.pass(500)[0]).toBe("handover 1 failed g1: was not ready within 500 ms");
  });

  test("nothing is cancelled when nothing was asked for", () => {
    const life = lifeAt("running");
    life.stop();
    expect(life.state.handover).toEqual({ serial: 0, queued: null, rollout: null, undo: [], last: null });
  });
});
