import { describe, expect, test } from "bun:test";
import { startModules } from "../../services/modules/host.ts";
import type { Module, ModuleContext } from "../../services/modules/module.ts";
import { eventually } from "../support/eventually.ts";
import { within } from "../support/within.ts";
import { LIMIT_MS, limits, restart, Scene, states } from "./scene.ts";

const forever = <T>(): Promise<T> => new Promise(() => undefined);

test("the new copy starts beside the old one, is asked after its health, takes over, and then the old one stops", async () => {
  const scene = new Scene();
  const host = await startModules([scene.module("a")], scene.options());
  scene.noted.length = 0;
  const order: unknown[] = [];
  const next = scene.module("a", [], {
    start: async () => order.push(`start while ${host.of("a")}`),
    health: () => order.push(`health while ${host.of("a")}`) > 0,
  });
  expect(await host.replace("a", async () => next)).toEqual({ ok: true });
  expect(order).toEqual(["start while a, life 1", "health while a, life 1"]);
  expect([host.of("a"), scene.calls]).toEqual([1, ["start a", "stop a"]]);
  expect(scene.noted).toEqual(["a takes over", "a leaves"]);
  expect(scene.told).toEqual(["replaced a"]);
  expect(host.reports()).toMatchObject([{ name: "a", state: "running", replaced: 1, kept: 0, refused: null }]);
  await host.stop();
  expect(scene.noted.slice(2)).toEqual(["a leaves", "a closes"]);
});

const bad: Record<string, { load?: () => Promise<Module>; more?: Partial<Module>; stage: string; words: string }> = {
  "cannot be loaded": { load: () => Promise.reject(new Error("no such file")), stage: "load", words: "no such file" },
  "is loaded for ever": { load: forever, stage: "load", words: "the load of a takes longer than 50 ms" },
  "is another module": { more: { name: "b" }, stage: "start", words: "the new copy of a calls itself b" },
  "does not start": { more: { start: () => Promise.reject(new Error("bug")) }, stage: "start", words: "bug" },
  "starts for ever": { more: { start: forever }, stage: "start", words: "the start of a takes longer than 50 ms" },
  "fails at once": {
    more: { start: async ({ fail }) => fail(new Error("lost at once")) },
    stage: "health",
    words: "lost at once",
  },
  "is not healthy": { more: { health: () => false }, stage: "health", words: "the new copy of a is not healthy" },
};

test.each(Object.keys(bad))("a new copy that %s leaves the old one as it was, which is told", async (what) => {
  const scene = new Scene();
  const options = scene.options({ limits: { ...limits, startMs: 50 } });
  const host = await startModules([scene.module("a")], options);
  const context = scene.contexts.get("a");
  const { load, more, stage, words } = bad[what] as (typeof bad)[string];
  const replaced = await host.replace("a", load ?? (async () => scene.module("a", [], more)));
  expect(replaced).toMatchObject({ ok: false, stage, error: new Error(words) });
  expect([host.of("a"), context?.signal.aborted]).toEqual(["a, life 1", false]);
  expect(scene.told).toEqual([`kept a at ${stage}: ${words}`]);
  const refused = `${stage}: ${words}`;
  expect(host.reports()).toMatchObject([{ state: "running", replaced: 0, kept: 1, refused }]);
  expect(await host.replace("a", async () => scene.module("a"))).toEqual({ ok: true });
  expect(host.reports()).toMatchObject([{ state: "running", replaced: 1, kept: 1, refused: null }]);
  await host.stop();
});

describe("the last wish counts", () => {
  test("of several at once only it is loaded", async () => {
    const scene = new Scene();
    const host = await startModules([scene.module("a")], scene.options());
    const loaded: number[] = [];
    const wishes = [1, 2, 3].map((number) =>
      host.replace("a", async () => {
        loaded.push(number);
        return scene.module("a", [], { start: async () => `copy ${number}` });
      }),
    );
    const superseded = { ok: false, stage: "superseded" };
    expect(await Promise.all(wishes)).toEqual([superseded, superseded, { ok: true }] as never);
    expect([loaded, host.of("a"), scene.calls]).toEqual([[3], "copy 3", ["start a", "stop a"]]);
    await host.stop();
  });

  test.each(["load", "start", "health"])("it ends one whose %s hangs, and nothing is told of that", async (stage) => {
    const scene = new Scene();
    const options = scene.options({ limits: { ...limits, startMs: 60_000 } });
    const host = await startModules([scene.module("a")], options);
    const begun = Promise.withResolvers<void>();
    const hang = <T>(): Promise<T> => {
      begun.resolve();
      return forever();
    };
    const copy = scene.module("a", [], stage === "load" ? {} : { [stage]: hang });
    const slow = host.replace("a", () => (stage === "load" ? hang<Module>() : Promise.resolve(copy)));
    await begun.promise;
    const last = host.replace("a", async () => scene.module("a"));
    expect(await within(slow, LIMIT_MS, "the first is given up")).toEqual({ ok: false, stage: "superseded" });
    expect(await within(last, LIMIT_MS, "the last is fulfilled")).toEqual({ ok: true });
    expect(scene.told).toEqual(["replaced a"]);
    await host.stop();
  });

  test("it keeps one that is loaded from being started", async () => {
    const scene = new Scene();
    const options = scene.options({ limits: { ...limits, startMs: 60_000 } });
    const host = await startModules([scene.module("a")], options);
    const loaded = Promise.withResolvers<Module>();
    const first = host.replace("a", () => loaded.promise);
    await Promise.resolve();
    loaded.resolve(scene.module("a", [], { start: forever }));
    const last = host.replace("a", async () => scene.module("a"));
    expect([await first, await last]).toEqual([{ ok: false, stage: "superseded" }, { ok: true }]);
    await host.stop();
  });

  test("it ends the pause before a restart; when it fails, the restarts go on", async () => {
    const scene = new Scene();
    const long = { ...restart, baseMs: 60_000, capMs: 60_000 };
    // One failure may be: a wish that is refused is none.
    const host = await startModules([scene.module("a")], scene.options({ restart: { ...long, burst: 1 } }));
    const failed = scene.hears("failed a");
    scene.contexts.get("a")?.fail(new Error("bug"));
    await failed;
    await eventually(() => states(host).a === "waiting", LIMIT_MS, "it waits for its restart");
    const refused = await within(
      host.replace("a", () => Promise.reject(new Error("bug as before"))),
      LIMIT_MS,
      "it is refused",
    );
    expect([refused, states(host)]).toMatchObject([{ stage: "load" }, { a: "waiting" }]);
    expect(await host.replace("a", async () => scene.module("a"))).toEqual({ ok: true });
    expect([states(host), scene.calls]).toEqual([{ a: "running" }, ["start a", "stop a", "start a"]]);
    expect(scene.told).toEqual(["failed a: bug", "kept a at load: bug as before", "replaced a"]);
    await host.stop();
  });

  test("one that fails to start again is started as it was, for as long as nothing better is wished for", async () => {
    const scene = new Scene();
    const host = await startModules([scene.module("a")], scene.options());
    const restarted = scene.hears("restarted a");
    scene.contexts.get("a")?.fail(new Error("bug"));
    const refused = host.replace("a", () => Promise.reject(new Error("bug as before")));
    await restarted;
    expect(await refused).toMatchObject({ ok: false, stage: "load" });
    expect([states(host), scene.calls]).toEqual([{ a: "running" }, ["start a", "stop a", "start a"]]);
    await host.stop();
  });
});

test("one that is down is replaced by one that works", async () => {
  const scene = new Scene();
  const host = await startModules([scene.module("a")], scene.options({ restart: { ...restart, burst: 0 } }));
  const dead = scene.hears("dead a");
  scene.contexts.get("a")?.fail(new Error("bug"));
  await dead;
  expect(await host.replace("a", async () => scene.module("a"))).toEqual({ ok: true });
  expect(states(host)).toEqual({ a: "running" });
  await host.stop();
});

test("a stop while a new copy comes up cancels that one", async () => {
  const scene = new Scene();
  const host = await startModules([scene.module("a")], scene.options());
  const begun = Promise.withResolvers<void>();
  const start = ({ signal }: ModuleContext): Promise<unknown> =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(new Error("cancelled")));
      begun.resolve();
    });
  const replaced = host.replace("a", async () => scene.module("a", [], { start }));
  await begun.promise;
  expect(await within(host.stop(), LIMIT_MS, "it stops")).toEqual([]);
  expect(await replaced).toEqual({ ok: false, stage: "superseded" });
  expect(scene.calls).toEqual(["start a", "stop a"]);
});

test("a copy that comes up after nobody wanted it any more is stopped", async () => {
  const scene = new Scene();
  const host = await startModules([scene.module("a")], scene.options({ limits: { ...limits, startMs: 20 } }));
  const late = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<void>();
  const slow = scene.module("a", [], { start: () => late.promise, stop: async () => stopped.resolve() });
  expect(await host.replace("a", async () => slow)).toMatchObject({ ok: false, stage: "start" });
  late.resolve();
  await within(stopped.promise, LIMIT_MS, "it is stopped");
  expect(host.of("a")).toBe("a, life 1");
  await host.stop();
});
