import { describe, expect, test } from "bun:test";
import type { Event } from "../../supervisor/core/event.ts";
import { mainRun, type Phase, type State } from "../../supervisor/core/state.ts";
import { makeUnit } from "../support/units.ts";
import { Life } from "./life.ts";
import { lifeAt, phases } from "./stages.ts";

type Tag = Phase["tag"];
type Row = readonly [at: Tag, to: Tag, lines: readonly string[]];

test("the way to each phase ends in that phase", () => {
  expect(phases.map((tag) => lifeAt(tag).state.phase.tag)).toEqual([...phases]);
  expect(phases.map((tag) => lifeAt(tag).state.wanted)).toEqual(phases.map(() => "up"));
});

describe("want-up", () => {
  const rows: readonly Row[] = [
    ["inactive", "inactive", []],
    ["starting", "starting", []],
    ["running", "running", []],
    ["replacing", "replacing", []],
    ["soaking", "soaking", []],
    ["stopping", "stopping", []],
    ["waiting", "inactive", ["waiting → inactive"]],
    ["finished", "inactive", ["finished → inactive"]],
    ["failed", "inactive", ["failed → inactive"]],
  ];
  test.each(rows)("in %s leads to %s", (at, to, lines) => {
    const life = lifeAt(at);
    expect(life.send({ tag: "want-up" })).toEqual([...lines]);
    expect(life.state.phase.tag).toBe(to);
    expect(life.state.wanted).toBe("up");
  });

  test("forgets the end and the restarts before it", () => {
    const life = lifeAt("waiting");
    expect([life.state.restarts, life.state.cause === null]).toEqual([1, false]);
    life.send({ tag: "want-up" });
    expect([life.state.restarts, life.state.cause]).toEqual([0, null]);
  });

  test("during a stop is kept: everybody leaves, then it starts again", () => {
    const life = lifeAt("running");
    life.stop();
    expect(life.send({ tag: "want-up" })).toEqual([]);
    expect(life.send({ tag: "launch" })).toEqual([]);
    expect(life.exit("i1", 1)).toEqual(["exited i1 g1: exited with code 1", "stopping → inactive"]);
    expect(life.send({ tag: "launch" })).toEqual(["spawn i2 g1", "inactive → starting i2"]);
  });

  test("during the pause of a dying group replaces the policy's restart", () => {
    const life = lifeAt("running");
    life.exit("i1", 1, [{ pid: 7, command: "child" }]);
    expect(life.state.phase).toMatchObject({ tag: "stopping", next: "waiting" });
    life.send({ tag: "want-up" });
    expect(life.emptied("i1")).toEqual(["stopping → inactive: exited with code 1"]);
  });
});

describe("want-down", () => {
  const rows: readonly Row[] = [
    ["inactive", "inactive", []],
    ["starting", "starting", []],
    ["running", "running", []],
    ["replacing", "replacing", []],
    ["soaking", "soaking", []],
    ["stopping", "stopping", []],
    ["waiting", "inactive", ["waiting → inactive: was stopped"]],
    ["finished", "finished", []],
    ["failed", "failed", []],
  ];
  test.each(rows)("in %s leads to %s", (at, to, lines) => {
    const life = lifeAt(at);
    expect(life.send({ tag: "want-down" })).toEqual([...lines]);
    expect(life.state.phase.tag).toBe(to);
    expect(life.state.wanted).toBe("down");
    expect(life.state.bounce).toBe(false);
  });

  test("takes a restart back: it rests once everybody has left", () => {
    const life = lifeAt("stopping");
    expect(life.state.bounce).toBe(true);
    life.send({ tag: "want-down" });
    life.exit("i1", 0);
    expect([life.state.phase.tag, life.state.wanted]).toEqual(["inactive", "down"]);
  });

  test("takes the policy's restart back while a group still dies", () => {
    const life = lifeAt("running");
    life.exit("i1", 1, [{ pid: 7, command: "child" }]);
    life.send({ tag: "want-down" });
    life.emptied("i1");
    expect(life.state.phase.tag).toBe("inactive");
  });
});

test("want-down leaves an end by itself what it was", () => {
  const life = lifeAt("running", { restart: "no" });
  life.exit("i1", 1, [{ pid: 7, command: "child" }]);
  life.send({ tag: "want-down" });
  expect(life.emptied("i1")).toEqual(["stopping → failed: exited with code 1"]);
});

describe("want-restart", () => {
  const bounces: readonly Tag[] = ["starting", "running", "replacing", "soaking"];
  test.each(phases.map((tag) => [tag, bounces.includes(tag)] as const))("in %s ends a process: %p", (at, bounce) => {
    const life = lifeAt(at);
    life.send({ tag: "want-down" });
    life.send({ tag: "want-restart" });
    expect([life.state.wanted, life.state.bounce]).toEqual(["up", bounce]);
  });

  test("stops, then starts the same generation anew, whatever the policy says", () => {
    const life = lifeAt("running", { restart: "no" });
    expect(life.restart()).toEqual(["SIGTERM group i1", "running → stopping: was stopped"]);
    expect(life.exit("i1", 3)).toEqual(["exited i1 g1: exited with code 3", "stopping → inactive"]);
    expect([life.state.bounce, life.state.wanted, life.state.cause]).toEqual([false, "up", null]);
    expect(life.send({ tag: "launch" })).toEqual(["spawn i2 g1", "inactive → starting i2"]);
  });

  test("is over when the process ends by itself before its turn to stop comes", () => {
    const life = lifeAt("running", { restart: "no" });
    life.send({ tag: "want-restart" });
    life.exit("i1", 3);
    expect([life.state.phase.tag, life.state.bounce]).toEqual(["inactive", false]);
  });
});

describe("want-reload", () => {
  const queues: readonly Tag[] = ["starting", "running", "replacing", "soaking"];
  test.each(phases.map((tag) => [tag, queues.includes(tag)] as const))("in %s is queued: %p", (at, queued) => {
    const life = lifeAt(at);
    expect(life.send({ tag: "want-reload" })).toEqual([]);
    expect(life.state.handover.queued !== null).toBe(queued);
    expect(life.state.phase.tag).toBe(at);
  });
});

describe("reset-failed", () => {
  test("brings a failed instance to rest and forgets its starts and its end", () => {
    const life = lifeAt("failed");
    expect(life.send({ tag: "reset-failed" })).toEqual(["failed → inactive"]);
    const { wanted, starts, streak, cause } = life.state;
    expect({ wanted, starts, streak, cause }).toEqual({ wanted: "down", starts: [], streak: 0, cause: null });
  });

  test("forgets the starts of one that is not failed, and no more", () => {
    const life = lifeAt("waiting");
    const before = life.state;
    expect(life.send({ tag: "reset-failed" })).toEqual([]);
    expect(life.state).toEqual({ ...before, starts: [], streak: 0 });
  });
});

describe("a gate that opens", () => {
  const rows: readonly (readonly [Event["tag"] & ("launch" | "halt" | "replace"), readonly Tag[]])[] = [
    ["launch", ["inactive"]],
    ["halt", ["starting", "running", "replacing", "soaking"]],
    ["replace", ["running"]],
  ];
  test.each(rows)("%s moves only %p", (tag, moved) => {
    for (const at of phases) {
      const life = lifeAt(at);
      const before = life.state;
      const lines = life.send({ tag });
      expect([at, lines.length > 0]).toEqual([at, moved.includes(at)]);
      if (lines.length === 0) expect(life.state).toEqual(before);
    }
  });
});

describe("a stop", () => {
  const rows: readonly Row[] = [
    ["starting", "stopping", ["SIGTERM group i1", "starting → stopping: was stopped"]],
    ["running", "stopping", ["SIGTERM group i1", "running → stopping: was stopped"]],
    [
      "replacing",
      "stopping",
      [
        "handover 1 failed i2 g2: was stopped",
        "SIGTERM group i1",
        "SIGTERM group i2",
        "replacing → stopping: was stopped",
      ],
    ],
    [
      "soaking",
      "stopping",
      [
        "handover 1 failed i2 g2 ready 0: was stopped",
        "SIGTERM group i1",
        "SIGTERM group i2",
        "soaking → stopping: was stopped",
      ],
    ],
  ];
  test.each(rows)("in %s leads to %s, and all that serve leave", (at, to, lines) => {
    const life = lifeAt(at);
    expect(life.stop()).toEqual([...lines]);
    expect(life.state.phase.tag).toBe(to);
  });

  test("of a handover rests only when both generations have left", () => {
    const life = lifeAt("soaking");
    life.stop();
    life.exit("i2", 0);
    expect(life.state.phase.tag).toBe("stopping");
    life.exit("i1", 0);
    expect(life.state.phase.tag).toBe("inactive");
  });

  test("that ends uncleanly leaves the unit failed", () => {
    const life = lifeAt("running");
    life.stop();
    life.exit("i1", 3);
    expect(life.state.phase.tag).toBe("failed");
    expect(life.state.cause).toMatchObject({ tag: "exited", clean: false, exit: { code: 3 } });
  });

  test("of a process that was not ready yet is no broken protocol", () => {
    const life = lifeAt("starting");
    life.stop();
    life.exit("i1", 0);
    expect([life.state.phase.tag, life.state.cause]).toEqual(["inactive", null]);
  });
});

describe("a fact", () => {
  const facts = (invocation: string): readonly Event[] => [
    { tag: "spawned", invocation, pid: 9 },
    { tag: "spawn-failed", invocation, stage: "exec", code: "ENOENT", message: "gone" },
    { tag: "ready", invocation },
    { tag: "says", invocation, text: "hello", errno: null },
    { tag: "exited", invocation, exit: { by: "code", code: 1 }, survivors: [{ pid: 1, command: "x" }] },
    { tag: "emptied", invocation },
  ];

  test.each([...phases])("about a foreign process changes nothing in %s", (at) => {
    for (const fact of facts("foreign")) {
      const life = lifeAt(at);
      const before = life.state;
      expect([fact.tag, life.send(fact)]).toEqual([fact.tag, []]);
      expect(life.state).toEqual(before);
    }
  });

  test.each(["waiting", "finished", "failed"] as const)(
    "about the process that has ended changes nothing in %s",
    (at) => {
      for (const fact of facts("i1")) {
        const life = lifeAt(at);
        const before = life.state;
        expect([fact.tag, life.send(fact)]).toEqual([fact.tag, []]);
        expect(life.state).toEqual(before);
      }
    },
  );

  test("READY counts once", () => {
    const life = lifeAt("starting");
    life.now = 25;
    expect(life.ready("i1")).toEqual(["ready i1 g1 after 25", "starting → running i1"]);
    life.now = 50;
    const before = life.state;
    expect(life.ready("i1")).toEqual([]);
    expect(life.state).toEqual(before);
  });

  test("READY of the old generation does not make the new one ready", () => {
    const life = lifeAt("replacing");
    expect(life.ready("i1")).toEqual([]);
    expect(life.state.phase.tag).toBe("replacing");
  });

  test("READY of a process that leaves starts nothing", () => {
    const life = lifeAt("starting");
    life.stop();
    expect(life.ready("i1")).toEqual([]);
    expect(life.state.phase.tag).toBe("stopping");
  });

  test.each(["running", "replacing", "soaking"] as const)("what a process says of itself is kept in %s", (at) => {
    const life = lifeAt(at);
    const said = at === "running" ? "i1" : "i2";
    expect(life.send({ tag: "says", invocation: said, text: "warm", errno: null })).toEqual([]);
    const phase = life.state.phase as Extract<State["phase"], { tag: "replacing" }>;
    const words = [phase.run?.says ?? null, phase.next?.says ?? null];
    expect(words).toEqual(at === "running" ? ["warm", null] : [null, "warm"]);
  });

  test("an error without words leaves the words as they are; words without an error take it back", () => {
    const life = lifeAt("running");
    const says = (text: string | null, errno: number | null) =>
      life.send({ tag: "says", invocation: "i1", text, errno });
    says("no disk", null);
    says(null, 28);
    expect(mainRun(life.state)).toMatchObject({ says: "no disk", errno: 28 });
    says("fine", null);
    expect(mainRun(life.state)).toMatchObject({ says: "fine", errno: null });
  });

  test("a pid and words also reach a process that leaves", () => {
    const life = lifeAt("starting");
    life.stop();
    life.spawned("i1", 9);
    life.send({ tag: "says", invocation: "i1", text: "bye", errno: null });
    expect(life.state.leaving[0]?.run).toMatchObject({ pid: 9, says: "bye" });
  });

  test("the last exit is kept with its time and its process", () => {
    const life = lifeAt("running");
    life.now = 500;
    life.exit("i1", "SIGSEGV");
    const exit = { by: "signal", signal: "SIGSEGV", core: true } as const;
    expect(life.state.lastExit).toEqual({ exit, at: 500, invocation: "i1" });
  });
});

describe("ready means", () => {
  test.each(["simple", "exec"] as const)("spawned, for type %s", (type) => {
    const life = new Life(makeUnit("api", { service: { type } }));
    life.start();
    expect(life.spawned("i1", 5)).toEqual(["ready i1 g1 after 0", "starting → running i1"]);
    expect(life.state.phase).toMatchObject({ run: { pid: 5, readyAt: 0 } });
  });

  test("its own word, for type notify", () => {
    const life = lifeAt("starting");
    expect(life.spawned("i1", 5)).toEqual([]);
    expect(life.state.phase.tag).toBe("starting");
  });
});

describe("a service of type notify that ends with code 0 before READY", () => {
  test("has failed", () => {
    const life = lifeAt("starting", { restart: "no" });
    life.exit("i1", 0);
    expect(life.state.phase.tag).toBe("failed");
    expect(life.state.cause).toMatchObject({ clean: false, ready: false });
  });

  test("which is no fault for type simple", () => {
    const life = new Life(makeUnit("api", { service: { type: "simple", restart: "no" } }));
    life.start();
    life.exit("i1", 0);
    expect(life.state.phase.tag).toBe("finished");
  });
});

describe("a deadline", () => {
  test.each([...phases])("that comes too early changes nothing in %s", (at) => {
    const life = lifeAt(at);
    const before = life.state;
    expect(life.send({ tag: "deadline" })).toEqual([]);
    expect(life.state).toEqual(before);
  });

  test("of a start asks the process to go and lets the policy say what follows", () => {
    const life = lifeAt("starting", { timeoutStartMs: 500 });
    expect(life.pass(499)).toEqual([]);
    expect(life.pass(1)).toEqual(["SIGTERM group i1", "starting → stopping: was not ready within 500 ms"]);
    expect(life.exit("i1", "SIGTERM")).toEqual([
      "exited i1 g1: was killed by SIGTERM before it was ready",
      "stopping → waiting: was not ready within 500 ms",
      "restart 1 in 100",
    ]);
    expect(life.pass(100)).toEqual(["spawn i2 g1", "waiting → starting i2"]);
  });

  test("of a start, with a policy that gives up, leaves it failed for the first cause", () => {
    const life = lifeAt("starting", { timeoutStartMs: 500, restart: "no" });
    life.pass(500);
    life.exit("i1", 7);
    expect(life.state.phase.tag).toBe("failed");
    expect(life.state.cause).toEqual({ tag: "start-timeout", limitMs: 500 });
  });

  test("of a start runs anew for each start", () => {
    const life = lifeAt("waiting", { timeoutStartMs: 500 });
    life.pass(100);
    expect(life.state.phase).toMatchObject({ tag: "starting", deadline: life.now + 500 });
  });
});

test("a start that fails before there is a process is not waited for", () => {
  const life = lifeAt("starting", { restart: "no" });
  expect(life.spawnFailed("i1")).toEqual([
    "starting → stopping: failed at stage exec: no such file",
    "stopping → failed: failed at stage exec: no such file",
  ]);
  expect(life.state.cause).toEqual({ tag: "spawn-failed", stage: "exec", code: "ENOENT", message: "no such file" });
  expect(life.state.lastExit).toBeNull();
});
