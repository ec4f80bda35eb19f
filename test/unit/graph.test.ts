import { expect, test } from "bun:test";
import { closure, dependents, graphFaults, order } from "../../supervisor/unit/graph.ts";
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

test("dependents are all who require it, at first or second hand, and not who merely wants it", () => {
  const units = [
    node("web", 'requires = ["api"]'),
    node("api", 'requires = ["redis"]'),
    node("cron", 'wants = ["redis"]'),
    node("redis"),
  ];
  expect(dependents(units, "redis")).toEqual(["web", "api"]);
  expect(dependents(units, "web")).toEqual([]);
  expect(dependents(units, "nobody")).toEqual([]);
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
