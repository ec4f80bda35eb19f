import { describe, expect, test } from "bun:test";
import { blockers, gates } from "../../supervisor/core/gates.ts";
import type { Phase, State } from "../../supervisor/core/state.ts";
import type { UnitState, World } from "../../supervisor/core/world.ts";
import type { Unit } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import { Lives } from "./lives.ts";
import { lifeAt, phases } from "./stages.ts";

const redis = makeUnit("redis");
const api = makeUnit("api", { requires: ["redis"] });
const worker = makeUnit("worker", { requires: ["api"] });

const up = (...units: readonly Unit[]): Lives => {
  const lives = new Lives(...units);
  const names = units.map(({ name }) => name);
  lives.order("want-up", ...names);
  for (const name of inOrder(lives)) lives.say("ready", name);
  expect([...lives.world.units.values()].every(({ instances }) => instances.every(isRunning))).toBe(true);
  return lives;
};
const isRunning = ({ phase }: State): boolean => phase.tag === "running";

/** The header of state.ts: what happens without an order, for each pair. */
describe("alone, what may happen", () => {
  type Row = readonly [State["wanted"], Phase["tag"], string];
  const none = (wanted: State["wanted"], ...tags: Phase["tag"][]): Row[] => tags.map((tag) => [wanted, tag, "nothing"]);
  const rows: readonly Row[] = [
    ["up", "inactive", "launch"],
    ...none("up", "starting", "running", "replacing", "soaking", "stopping", "waiting", "finished", "failed"),
    ...none("down", "inactive", "finished", "failed", "stopping"),
    ["down", "starting", "halt"],
    ["down", "running", "halt"],
    ["down", "replacing", "halt"],
    ["down", "soaking", "halt"],
  ];
  test.each(rows)("wanted %s and %s: %s", (wanted, tag, event) => {
    expect(rows).toHaveLength(phases.length * 2 - 1);
    const world = worldOf({ ...lifeAt(tag).state, wanted, bounce: false });
    expect(gates(world)).toEqual(
      event === "nothing" ? [] : [{ unit: "api", instance: 1, event: { tag: event as "halt" } }],
    );
  });

  test.each(["starting", "running", "replacing", "soaking"] as const)("a restart in %s: halt", (tag) => {
    expect(gates(worldOf({ ...lifeAt(tag).state, bounce: true }))).toMatchObject([{ event: { tag: "halt" } }]);
  });

  const queued = (state: State): State => ({ ...state, handover: { ...state.handover, queued: 1 } });
  test.each([...phases])("a reload in %s opens only in running", (tag) => {
    const events = gates(worldOf(queued(lifeAt(tag).state))).map(({ event }) => event.tag);
    expect(events.includes("replace")).toBe(tag === "running");
  });

  test("B7 B20: a reload waits while a process of the last one drains", () => {
    const life = lifeAt("soaking");
    life.pass(1_000);
    expect(gates(worldOf(queued(life.state)))).toEqual([]);
    life.exit("i1", 0);
    expect(gates(worldOf(queued(life.state)))).toMatchObject([{ event: { tag: "replace" } }]);
  });
});

describe("a start", () => {
  test("waits for what the unit requires, in order", () => {
    const lives = new Lives(redis, api, worker);
    expect(lives.order("want-up", "api", "redis", "worker").filter(isSpawn)).toEqual(["redis@1 spawn i1 g1"]);
    lives.say("spawned", "redis");
    expect(lives.phases).toBe("api inactive, redis starting, worker inactive");
    expect(lives.say("ready", "redis").filter(isSpawn)).toEqual(["api@1 spawn i2 g1"]);
    expect(lives.say("ready", "api").filter(isSpawn)).toEqual(["worker@1 spawn i3 g1"]);
  });

  test("is made at once for all that are not ordered, in name order", () => {
    const lives = new Lives(makeUnit("c"), makeUnit("a"), makeUnit("b"));
    expect(lives.order("want-up", "b", "c", "a").filter(isSpawn)).toHaveLength(3);
    expect([...lives.world.units.keys()]).toEqual(["a", "b", "c"]);
  });

  test("waits for all instances of what it requires", () => {
    const lives = new Lives(makeUnit("redis", { service: { instances: 2 } }), api);
    lives.order("want-up", "redis", "api");
    expect(lives.say("ready", "redis@1").filter(isSpawn)).toEqual([]);
    expect(lives.say("ready", "redis@2").filter(isSpawn)).toEqual(["api@1 spawn i3 g1"]);
  });

  test("waits for a wanted unit while that one moves, and goes on when it fails", () => {
    const lives = new Lives(makeUnit("redis", { service: { restart: "no" } }), makeUnit("api", { wants: ["redis"] }));
    lives.order("want-up", "redis", "api");
    expect(lives.phases).toBe("api inactive, redis starting");
    lives.exit("redis", 1);
    expect(lives.phases).toBe("api starting, redis failed");
  });

  test("does not wait for a wanted unit that nobody starts, nor for one that is not there", () => {
    const lives = new Lives(redis, makeUnit("api", { wants: ["redis"], after: ["ghost"] }));
    lives.order("want-up", "api");
    expect(lives.phases).toBe("api starting, redis inactive");
  });

  test("does not wait for a wanted unit that pauses, but for a required one", () => {
    const lives = new Lives(redis, makeUnit("a", { wants: ["redis"] }), makeUnit("b", { requires: ["redis"] }));
    lives.order("want-up", "redis");
    lives.exit("redis", 1);
    lives.order("want-up", "a", "b");
    expect(lives.phases).toBe("a starting, b inactive, redis waiting");
    expect(blockers(lives.world, "b")).toMatchObject([{ unit: "redis", fatal: false }]);
    lives.pass(100);
    lives.say("ready", "redis");
    expect(lives.phases).toBe("a starting, b starting, redis running");
  });

  test("goes on when what it requires has done its work and ended in success", () => {
    const lives = new Lives(makeUnit("redis", { service: { restart: "no", type: "simple" } }), api);
    lives.order("want-up", "redis", "api");
    lives.exit("redis", 0);
    expect(lives.phases).toBe("api starting, redis finished");
  });

  test("waits for what it requires while that one is restarted", () => {
    const lives = new Lives(redis, api);
    lives.order("want-up", "redis");
    lives.say("ready", "redis");
    lives.order("want-restart", "redis");
    lives.order("want-up", "api");
    expect(lives.phases).toBe("api inactive, redis stopping");
  });
});

describe("blockers", () => {
  const failing = makeUnit("redis", { service: { restart: "no" } });

  test("a required unit that has failed is fatal, also for those behind", () => {
    const lives = new Lives(failing, api, worker);
    lives.order("want-up", "redis", "api", "worker");
    expect(blockers(lives.world, "api")).toMatchObject([{ unit: "redis", fatal: false }]);
    expect(blockers(lives.world, "worker")).toMatchObject([{ unit: "api", fatal: false }]);
    lives.exit("redis", 1);
    expect(blockers(lives.world, "api")).toMatchObject([{ unit: "redis", fatal: true }]);
    expect(blockers(lives.world, "worker")).toMatchObject([{ unit: "api", fatal: true }]);
  });

  test("a required unit that nobody starts is fatal", () => {
    const lives = new Lives(redis, api);
    lives.order("want-up", "api");
    expect(blockers(lives.world, "api")).toMatchObject([{ unit: "redis", fatal: true }]);
  });

  test("a unit that is only ordered is not fatal, and a failed one is no blocker", () => {
    const lives = new Lives(failing, makeUnit("api", { after: ["redis"] }));
    lives.order("want-up", "redis", "api");
    expect(blockers(lives.world, "api")).toMatchObject([{ unit: "redis", fatal: false }]);
    lives.exit("redis", 1);
    expect(blockers(lives.world, "api")).toEqual([]);
  });

  test("one that is fatal makes a unit hopeless for those behind, whatever else it waits for", () => {
    const lives = new Lives(failing, makeUnit("slow"), makeUnit("api", { requires: ["redis", "slow"] }), worker);
    lives.order("want-up", "redis", "slow", "api", "worker");
    lives.exit("redis", 1);
    expect(blockers(lives.world, "api")).toMatchObject([
      { unit: "redis", fatal: true },
      { unit: "slow", fatal: false },
    ]);
    expect(blockers(lives.world, "worker")).toMatchObject([{ unit: "api", fatal: true }]);
  });

  test("one instance that cannot come up makes its unit hopeless", () => {
    const pair = makeUnit("api", { requires: ["redis"], service: { instances: 2 } });
    const lives = new Lives(failing, pair, worker);
    lives.order("want-up", "redis", "api");
    lives.say("ready", "redis", "api@1", "api@2");
    lives.exit("redis", 1);
    lives.order("want-restart", "api");
    lives.exit("api@1");
    expect(lives.phases).toBe("api@1 inactive, api@2 stopping, redis failed, worker inactive");
    expect(blockers(lives.world, "worker")).toMatchObject([{ unit: "api", fatal: true }]);
  });

  test("there are none for a unit that is not there", () => {
    expect(blockers(new Lives(redis).world, "ghost")).toEqual([]);
  });
});

describe("a stop", () => {
  test("goes in reverse: nobody stops while one that is ordered after it has a process", () => {
    const lives = up(redis, api, worker);
    expect(lives.order("want-down", "redis", "api", "worker").filter(isSignal)).toEqual(["worker@1 SIGTERM group i3"]);
    expect(lives.exit("worker").filter(isSignal)).toEqual(["api@1 SIGTERM group i2"]);
    expect(lives.exit("api").filter(isSignal)).toEqual(["redis@1 SIGTERM group i1"]);
    lives.exit("redis");
    expect(lives.phases).toBe("api inactive, redis inactive, worker inactive");
  });

  test("goes on when one of them had to be killed or was given up", () => {
    const lives = up(redis, makeUnit("api", { requires: ["redis"], service: { timeoutStopMs: 100 } }));
    lives.order("want-down", "redis", "api");
    lives.pass(10_100);
    expect(lives.phases).toBe("api failed, redis stopping");
  });

  test("waits for the last instance of those that are ordered after it", () => {
    const lives = up(redis, makeUnit("api", { requires: ["redis"], service: { instances: 2 } }));
    lives.order("want-down", "redis", "api");
    lives.exit("api@1");
    expect(lives.phases).toBe("api@1 inactive, api@2 stopping, redis running");
    lives.exit("api@2");
    expect(lives.phases).toBe("api@1 inactive, api@2 inactive, redis stopping");
  });

  test("does not wait for a successor that nobody stops", () => {
    const lives = up(redis, api);
    lives.order("want-down", "redis");
    expect(lives.phases).toBe("api running, redis stopping");
  });

  test("of what a restart needs waits too: api goes first, and comes back last", () => {
    const lives = up(redis, api);
    expect(lives.order("want-restart", "redis", "api").filter(isSignal)).toEqual(["api@1 SIGTERM group i2"]);
    lives.exit("api");
    expect(lives.phases).toBe("api inactive, redis stopping");
    lives.exit("redis");
    expect(lives.phases).toBe("api inactive, redis starting");
    lives.say("ready", "redis");
    expect(lives.phases).toBe("api starting, redis running");
  });
});

describe("a reload", () => {
  const begun = (lines: readonly string[]): readonly string[] => lines.filter((text) => text.includes("began"));
  const drainedOf = (lives: Lives, name: string): string =>
    lives.state(name).leaving.find((one) => one.purpose === "drain")?.run.invocation ?? "";
  const soak = (lives: Lives): readonly string[] => lives.pass(1_000);

  test("of units that are ordered goes from one to the next, each when the one before is through its soak", () => {
    const lives = up(redis, api, worker);
    expect(begun(lives.order("want-reload", "worker", "api", "redis"))).toEqual(["redis@1 handover 1 began i4 g2"]);
    expect(begun(lives.say("ready", "redis"))).toEqual([]);
    expect(begun(soak(lives))).toEqual(["api@1 handover 1 began i5 g2"]);
    expect(lives.state("worker").handover.queued).not.toBeNull();
    lives.say("ready", "api");
    expect(begun(soak(lives))).toEqual(["worker@1 handover 1 began i6 g2"]);
  });

  test("of those behind goes on when the one before kept its old generation", () => {
    const lives = up(redis, api);
    lives.order("want-reload", "api", "redis");
    expect(begun(lives.exit("redis", 1))).toEqual(["api@1 handover 1 began i4 g2"]);
  });

  test("waits for one far before it in the order, when the one between is not reloaded", () => {
    const lives = up(redis, api, worker);
    lives.order("want-reload", "redis");
    expect(begun(lives.order("want-reload", "worker"))).toEqual([]);
  });

  test("waits for the last instance of the unit before it", () => {
    const lives = up(makeUnit("redis", { service: { instances: 2 } }), api);
    lives.order("want-reload", "redis", "api");
    lives.say("ready", "redis@1");
    expect(begun(soak(lives))).toEqual([]);
    expect(begun(lives.exitOf(drainedOf(lives, "redis@1")))).toEqual(["redis@2 handover 1 began i5 g2"]);
    lives.say("ready", "redis@2");
    expect(begun(soak(lives))).toEqual(["api@1 handover 1 began i6 g2"]);
  });

  test("of units that are not ordered goes at the same time", () => {
    const lives = up(makeUnit("a"), makeUnit("b"));
    expect(begun(lives.order("want-reload", "a", "b"))).toHaveLength(2);
  });

  test("of several instances goes one after the other, the drain included", () => {
    const lives = up(makeUnit("api", { service: { instances: 2 } }));
    expect(begun(lives.order("want-reload", "api"))).toEqual(["api@1 handover 1 began i3 g2"]);
    lives.say("ready", "api@1");
    expect(begun(soak(lives))).toEqual([]);
    expect(lives.state("api@1").leaving).toHaveLength(1);
    const [drained] = lives.state("api@1").leaving;
    expect(begun(lives.exitOf(drained?.run.invocation ?? ""))).toEqual(["api@2 handover 1 began i4 g2"]);
  });
});

const isSpawn = (text: string): boolean => text.includes(" spawn ");
const isSignal = (text: string): boolean => text.includes(" SIG");

function worldOf(state: State): World {
  const { world } = new Lives(makeUnit("api"));
  const entry = world.units.get("api") as UnitState;
  return { ...world, units: new Map([["api", { ...entry, instances: [state] }]]) };
}

function inOrder({ world }: Lives): readonly string[] {
  const names = [...world.units.keys()];
  const rank = (name: string): number => ["redis", "api", "worker"].indexOf(name);
  return names
    .sort((a, b) => rank(a) - rank(b))
    .flatMap((name) => (world.units.get(name)?.instances ?? []).map((_, index) => `${name}@${index + 1}`));
}

describe("a gate is looked at again", () => {
  /** Each unit runs and is to stop, without a turn: every gate that is looked at is open. */
  const worldOf = (...changed: readonly string[]): World => {
    const { world } = up(redis, makeUnit("side"), api, worker);
    const stopped = (entry: UnitState): UnitState => ({
      ...entry,
      instances: entry.instances.map((state) => ({ ...state, wanted: "down" })),
    });
    const shut = new Map([...world.units].map(([name, entry]) => [name, stopped(entry)]));
    const units = new Map([...shut].map(([name, entry]) => [name, changed.includes(name) ? { ...entry } : entry]));
    return { ...world, units, shut: { units: shut, graph: world.graph } };
  };
  const open = (world: World): readonly string[] => gates(world).map(({ unit }) => unit);

  test("when its unit, or one that it looks at, has changed", () => {
    expect(open(worldOf())).toEqual([]);
    expect(open(worldOf("side"))).toEqual(["side"]);
    expect(open(worldOf("api", "side"))).toEqual(["side", "worker"]);
  });

  test("when the graph is another", () => {
    const world = worldOf();
    expect(open({ ...world, graph: new Map(world.graph) })).toEqual(["side", "worker"]);
  });
});
