import { describe, expect, test } from "bun:test";
import { faultLine } from "../../supervisor/unit/fault.ts";
import { closure, followers, graphFaults, opponents, order, parts } from "../../supervisor/unit/graph.ts";
import type { Unit } from "../../supervisor/unit/unit.ts";
import { node } from "./sample.ts";

const predecessors = (...units: Unit[]) => Object.fromEntries(order(units));
const messages = (...units: Unit[]): readonly string[] => {
  const names = units.map((unit) => unit.name);
  return graphFaults(units, names, () => undefined).map((fault) => `${fault.code}: ${fault.message}`);
};

test("who requires or wants another starts after it", () => {
  expect(predecessors(node("api", 'requires = ["redis"]\nwants = ["cache"]'), node("cache"), node("redis"))).toEqual({
    api: ["cache", "redis"],
    cache: [],
    redis: [],
  });
});

test("who is bound to another starts after it, and a bond to a unit that is not there is a fault", () => {
  const units = [node("api", 'binds_to = ["redis", "rdis"]'), node("redis")];
  expect(predecessors(...units)).toEqual({ api: ["redis"], redis: [] });
  expect(messages(...units)).toEqual(['unit-unknown: there is no unit "rdis" (did you mean `redis`?)']);
  expect(closure(units, ["api"])).toEqual(["api", "redis"]);
});

test("who says before starts before, even what it requires or wants", () => {
  expect(predecessors(node("api", 'requires = ["log"]\nbefore = ["log"]'), node("log"))).toEqual({
    api: [],
    log: ["api"],
  });
  expect(predecessors(node("api", 'wants = ["log"]\nbefore = ["log"]'), node("log"))).toEqual({
    api: [],
    log: ["api"],
  });
});

test("after and before order without pulling in", () => {
  const units = [node("a", 'after = ["b"]'), node("b", 'before = ["c"]'), node("c")];
  expect(predecessors(...units)).toEqual({ a: ["b"], b: [], c: ["b"] });
  expect(closure(units, ["a"])).toEqual(["a"]);
});

test("names that no unit has order nothing", () => {
  const api = node("api", 'wants = ["x"]\nafter = ["y"]\nbefore = ["z"]');
  expect(predecessors(api)).toEqual({ api: [] });
  expect(messages(api)).toEqual([]);
});

test("a required unit that is not there is a fault with the nearest name", () => {
  expect(messages(node("api", 'requires = ["rdis"]'), node("redis"))).toEqual([
    'unit-unknown: there is no unit "rdis" (did you mean `redis`?)',
  ]);
});

test("a cycle is told once, as a path, whoever is in it and whoever leads into it", () => {
  const units = [
    node("z", 'after = ["a"]'),
    node("c", 'requires = ["a"]'),
    node("a", 'requires = ["b"]'),
    node("b", 'wants = ["c"]'),
  ];
  expect(messages(...units)).toEqual([
    "dependency-cycle: dependency cycle: a → b → c → a (each starts after the next)",
  ]);
});

test("two knots are two faults, and the shortest way round is the one shown", () => {
  const units = [
    node("a", 'after = ["b", "c"]'),
    node("b", 'after = ["c"]'),
    node("c", 'after = ["a"]'),
    node("x", 'after = ["x"]'),
  ];
  expect(messages(...units).map((message) => message.split(": ")[2])).toEqual([
    "a → c → a (each starts after the next)",
    "x → x (each starts after the next)",
  ]);
});

test("a cycle stands where the file says the first of its steps, even when that is the other unit's before", () => {
  const units = [node("a"), node("b", 'before = ["a"]\nafter = ["a"]')];
  const [fault] = graphFaults(units, ["a", "b"], (unit, key) => (unit === "b" && key === "unit.before.0" ? 2 : 99));
  expect(fault?.at).toEqual({ file: "units/b.toml", line: 2, key: "unit.before" });
});

describe("followers", () => {
  const units = [
    node("web", 'requires = ["api"]'),
    node("api", 'binds_to = ["redis"]'),
    node("log", 'part_of = ["web"]'),
    node("cron", 'wants = ["redis"]\nafter = ["redis"]\nconflicts = ["old"]'),
    node("redis"),
  ];

  test("are all who require it, are bound to it or are part of it, at first or second hand, in any mixture", () => {
    expect(followers(units, ["redis"])).toEqual(["web", "api", "log"]);
    expect(followers(units, ["api"])).toEqual(["web", "log"]);
    expect(followers(units, ["web", "log"])).toEqual([]);
  });

  test("are not who merely want it, come after it, or cannot be beside it", () => {
    expect(followers(units, ["cron"])).toEqual([]);
    expect(followers(units, ["old", "nobody"])).toEqual([]);
  });
});

test("parts are those that say so, at first or second hand, and never the named ones", () => {
  const units = [node("a", 'part_of = ["b"]'), node("b", 'part_of = ["c"]'), node("c"), node("d", 'requires = ["c"]')];
  expect(parts(units, ["c"])).toEqual(["a", "b"]);
  expect(parts(units, ["c", "b"])).toEqual(["a"]);
  expect(parts(units, ["a"])).toEqual([]);
});

test("opponents are found from both sides", () => {
  const units = [node("old"), node("new", 'conflicts = ["old", "ghost"]'), node("other")];
  expect([opponents(units, ["old"]), opponents(units, ["new"]), opponents(units, ["other"])]).toEqual([
    ["new"],
    ["old"],
    [],
  ]);
});

describe("two units that conflict are a fault", () => {
  const place = (...units: Unit[]) => graphFaults(units, ["a", "b", "c"], () => 3).map(faultLine);
  const said = (file: string, name: string) =>
    `units/${file}.toml:3: unit.conflicts: conflicts with "${name}", and both would start: only one may be enabled, or needed by one that is`;

  test("when both are enabled", () => {
    expect(place(node("a", 'conflicts = ["b"]'), node("b"))).toEqual([said("a", "b")]);
  });

  test("when one is needed by an enabled one", () => {
    const idle = node("b", "enabled = false");
    expect(place(node("a", 'conflicts = ["b"]'), idle, node("c", 'wants = ["b"]'))).toEqual([said("a", "b")]);
    const hostile = node("b", 'enabled = false\nconflicts = ["a"]');
    expect(place(node("a"), hostile, node("c", 'requires = ["b"]'))).toEqual([said("b", "a")]);
  });

  test("but not when only one of them starts", () => {
    expect(place(node("a", 'conflicts = ["b"]'), node("b", "enabled = false"))).toEqual([]);
    expect(place(node("a", 'conflicts = ["b"]\nenabled = false'), node("b"))).toEqual([]);
  });
});

test("starting a unit starts what it requires and wants, at first or second hand", () => {
  const units = [
    node("web", 'requires = ["api"]'),
    node("api", 'wants = ["redis", "x"]'),
    node("redis"),
    node("other"),
  ];
  expect(closure(units, ["web"])).toEqual(["web", "api", "redis"]);
  expect(closure(units, ["redis", "other"])).toEqual(["redis", "other"]);
});
