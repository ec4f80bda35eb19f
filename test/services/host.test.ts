import { describe, expect, test } from "bun:test";
import { ModuleGraphFault } from "../../services/modules/graph.ts";
import { startModules } from "../../services/modules/host.ts";
import type { ModuleContext } from "../../services/modules/module.ts";
import { TimeLimit } from "../../services/modules/time-limit.ts";
import { within } from "../support/within.ts";
import { LIMIT_MS, limits, restart, Scene, states } from "./scene.ts";

describe("start and stop", () => {
  test("a module starts when those run that it depends on, and stops before them; once", async () => {
    const scene = new Scene();
    const all = [
      scene.module("api", ["worker", "cache"]),
      scene.module("cache", ["db"]),
      scene.module("worker", ["db"]),
    ];
    const host = await startModules([...all, scene.module("db")], scene.options());
    const [first, ...rest] = scene.calls;
    expect([first, rest.slice(0, 2).toSorted(), rest[2]]).toEqual([
      "start db",
      ["start cache", "start worker"],
      "start api",
    ]);
    expect(states(host)).toEqual({ api: "running", cache: "running", worker: "running", db: "running" });
    expect(await Promise.all([host.stop(), host.stop()])).toEqual([[], []]);
    const stops = scene.calls.slice(4);
    expect([stops[0], stops.slice(1, 3).toSorted(), stops[3]]).toEqual([
      "stop api",
      ["stop cache", "stop worker"],
      "stop db",
    ]);
    expect(states(host)).toEqual({ api: "stopped", cache: "stopped", worker: "stopped", db: "stopped" });
  });

  test("those that do not depend on each other start side by side", async () => {
    const scene = new Scene();
    const met = Promise.withResolvers<void>();
    let there = 0;
    const meet = async (): Promise<void> => {
      there++;
      if (there === 2) met.resolve();
      await met.promise;
    };
    const host = await startModules(
      ["a", "b"].map((name) => scene.module(name, [], { start: meet })),
      scene.options(),
    );
    expect(there).toBe(2);
    await host.stop();
  });

  test.each([
    ["a cycle", { a: ["b"], b: ["c"], c: ["b"] }, "modules depend on each other: b → c → b"],
    ["one that is not there", { a: ["b"], b: ["ghost"] }, "a module depends on one that is not there: a → b → ghost"],
  ])("%s is a fault with its path, and nothing is started", async (_name, graph, message) => {
    const scene = new Scene();
    const modules = Object.entries(graph).map(([name, after]) => scene.module(name, after));
    const failed = await startModules(modules, scene.options()).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(ModuleGraphFault);
    expect((failed as Error).message).toBe(message);
    expect(scene.calls).toEqual([]);
  });

  test("two of one name are a fault", async () => {
    const scene = new Scene();
    const twice = [scene.module("a"), scene.module("a")];
    await expect(startModules(twice, scene.options())).rejects.toThrow("two modules have one name: a");
  });

  test("one that does not start stops those that did, is not waited for by those that need it, and the cause is kept", async () => {
    const scene = new Scene();
    scene.faults["start b"] = "port in use";
    scene.faults["stop a"] = "stuck";
    const modules = [scene.module("a"), scene.module("b", ["a"]), scene.module("c", ["b"])];
    await expect(startModules(modules, scene.options())).rejects.toThrow("port in use");
    expect(scene.calls).toEqual(["start a", "start b", "stop a"]);
  });

  test("one that does not stop is named, and the others are stopped", async () => {
    const scene = new Scene();
    scene.faults["stop b"] = "stuck";
    const host = await startModules([scene.module("a"), scene.module("b", ["a"])], scene.options());
    expect(await host.stop()).toEqual([{ module: "b", error: new Error("stuck") }]);
    expect(scene.calls.slice(2)).toEqual(["stop b", "stop a"]);
  });

  test("a start and a stop that take too long are given up; one that comes up after all is stopped", async () => {
    const scene = new Scene();
    const late = Promise.withResolvers<void>();
    const stopped = Promise.withResolvers<void>();
    const slow = scene.module("slow", [], { start: () => late.promise, stop: async () => stopped.resolve() });
    const options = scene.options({ limits: { ...limits, startMs: 10, stopMs: 10 } });
    await expect(startModules([slow], options)).rejects.toThrow("the start of slow takes longer than 10 ms");
    late.resolve();
    await within(stopped.promise, LIMIT_MS, "it is stopped");

    const deaf = scene.module("deaf", [], { stop: () => new Promise(() => undefined) });
    const host = await startModules([deaf], options);
    const [failure] = await host.stop();
    expect(failure).toEqual({ module: "deaf", error: new TimeLimit("the stop of deaf takes longer than 10 ms") });
  });

  test("what a start gave is there for others as long as the module runs", async () => {
    const scene = new Scene();
    const host = await startModules([scene.module("a")], scene.options());
    expect(host.of("a")).toBe("a, life 1");
    await host.stop();
    expect(host.of("a")).toBeNull();
    expect(() => host.of("ghost")).toThrow("there is no module ghost");
  });
});

describe("signals", () => {
  test("a module's signal fires at its own stop, when those that depend on it have stopped, and not before", async () => {
    const scene = new Scene();
    const seen: unknown[] = [];
    const look = (name: string) => scene.contexts.get(name)?.signal.aborted;
    const api = scene.module("api", ["db"], { stop: async () => void seen.push([look("api"), look("db")]) });
    const db = scene.module("db", [], { stop: async () => void seen.push(look("db")) });
    scene.contexts.clear();
    const host = await startModules([api, db], scene.options());
    await host.stop();
    expect(seen).toEqual([[true, false], true]);
  });

  test("the end of one leaves the others alone", async () => {
    const scene = new Scene();
    const host = await startModules([scene.module("a"), scene.module("b")], scene.options());
    const [a, b] = ["a", "b"].map((name) => scene.contexts.get(name));
    const restarted = scene.hears("restarted a");
    a?.fail(new Error("lost its connection"));
    await restarted;
    expect([a?.signal.aborted, b?.signal.aborted]).toEqual([true, false]);
    expect(states(host)).toEqual({ a: "running", b: "running" });
    await host.stop();
  });
});

describe("failures", () => {
  test("one that fails is stopped and started again, alone", async () => {
    const scene = new Scene();
    const host = await startModules([scene.module("a"), scene.module("b", ["a"])], scene.options());
    const restarted = scene.hears("restarted a");
    scene.contexts.get("a")?.fail(new Error("lost its connection"));
    // What it says twice is heard once.
    scene.contexts.get("a")?.fail(new Error("again"));
    await restarted;
    expect(scene.calls.slice(2)).toEqual(["stop a", "start a"]);
    expect(scene.told).toEqual(["failed a: lost its connection", "restarted a"]);
    expect(scene.noted.slice(2)).toEqual(["a leaves, and is followed", "a takes over"]);
    expect(host.reports()).toMatchObject([
      { name: "a", restarts: 1 },
      { name: "b", restarts: 0 },
    ]);
    expect(host.of("a")).toBe("a, life 2");
    await host.stop();
  });

  test("one that fails before it has started is started again, too", async () => {
    const scene = new Scene();
    let lives = 0;
    const start = async ({ fail }: ModuleContext): Promise<void> => {
      lives++;
      if (lives === 1) fail(new Error("lost at once"));
    };
    const restarted = scene.hears("restarted a");
    const host = await startModules([scene.module("a", [], { start })], scene.options());
    await restarted;
    expect([lives, scene.told]).toEqual([2, ["failed a: lost at once", "restarted a"]]);
    await host.stop();
  });

  test("one that fails too often stays down, and is told as dead", async () => {
    const scene = new Scene();
    const host = await startModules([scene.module("a"), scene.module("b")], scene.options());
    const dead = scene.hears("dead a");
    scene.faults["start a"] = "no such host";
    scene.contexts.get("a")?.fail(new Error("lost its connection"));
    await dead;
    expect(scene.calls.filter((call) => call === "start a").length).toBe(1 + restart.burst);
    expect(scene.noted.at(-1)).toBe("a closes");
    expect([states(host), await host.wellbeing("a"), await host.wellbeing("b")]).toEqual([
      { a: "dead", b: "running" },
      false,
      true,
    ]);
    expect(await host.stop()).toEqual([]);
  });

  test("a stop in the pause before a restart does not wait for it", async () => {
    const scene = new Scene();
    const options = scene.options({ restart: { ...restart, baseMs: 60_000, capMs: 60_000 } });
    const host = await startModules([scene.module("a")], options);
    const failed = scene.hears("failed a");
    scene.contexts.get("a")?.fail(new Error("lost its connection"));
    await failed;
    expect(await within(host.stop(), LIMIT_MS, "it stops")).toEqual([]);
    expect(scene.calls).toEqual(["start a", "stop a"]);
  });

  test("health is asked of each; one that throws or takes too long has none", async () => {
    const scene = new Scene();
    const host = await startModules(
      [
        scene.module("well"),
        scene.module("ill", [], { health: () => false }),
        scene.module("broken", [], { health: () => Promise.reject(new Error("x")) }),
        scene.module("mute", [], { health: () => new Promise(() => undefined) }),
      ],
      scene.options(),
    );
    const all = ["well", "ill", "broken", "mute"].map((name) => host.wellbeing(name));
    expect(await Promise.all(all)).toEqual([true, false, false, false]);
    await host.stop();
  });
});

test("a module may do as much at a time as its quota says; the next is refused at once, and each place is free again however it ends", async () => {
  const scene = new Scene();
  const host = await startModules([scene.module("a")], scene.options({ limits: { ...limits, quota: 2 } }));
  const { quota } = scene.contexts.get("a") as ModuleContext;
  const work = [1, 2].map(() => Promise.withResolvers<string>());
  const running = work.map(({ promise }) => quota.run(() => promise));
  expect(() => quota.run(() => "too many")).toThrow("2 are at work already");
  work[0]?.reject(new Error("failed"));
  await expect(running[0]).rejects.toThrow("failed");
  expect(quota.inUse).toBe(1);
  const atOnce = () => {
    throw new Error("at once");
  };
  expect(() => quota.run(atOnce)).toThrow("at once");
  let ended = 0;
  expect([
    quota.run(
      () => "by the way",
      () => ended++,
    ),
    quota.inUse,
    ended,
  ]).toEqual(["by the way", 1, 1]);
  work[1]?.resolve("done");
  expect([await running[1], quota.inUse]).toEqual(["done", 0]);
  await host.stop();
});
