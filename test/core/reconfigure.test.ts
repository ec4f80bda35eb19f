import { describe, expect, test } from "bun:test";
import { forget } from "../../supervisor/core/scale.ts";
import type { Wish } from "../../supervisor/core/world.ts";
import type { Unit } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import { Lives } from "./lives.ts";

const up = (...units: readonly Unit[]): Lives => {
  const lives = new Lives(...units);
  lives.order("want-up", ...units.map(({ name }) => name));
  for (const { name } of units) lives.say("ready", name);
  return lives;
};
const order = (tag: "want-up" | "want-down" | "want-restart", ...units: readonly string[]): Wish => ({
  tag: "order",
  units,
  event: { tag },
});
const reconfigure = (lives: Lives, units: readonly Unit[], ...wishes: readonly Wish[]) =>
  lives.post({ tag: "reconfigure", units, wishes });
const isSignal = (text: string): boolean => text.includes(" SIG");
const named = (lives: Lives) => [...lives.world.units.keys()];

describe("other definitions", () => {
  test("touch no process by themselves", () => {
    const lives = up(makeUnit("api"));
    expect(reconfigure(lives, [makeUnit("api", { service: { nice: 5, timeoutStopMs: 7 } })])).toEqual([]);
    expect(lives.phases).toBe("api running");
    expect(lives.world.units.get("api")?.unit.service.nice).toBe(5);
  });

  test("hold from then on for the process that runs: it is killed by the new limit", () => {
    const lives = up(makeUnit("api"));
    reconfigure(lives, [makeUnit("api", { service: { timeoutStopMs: 7 } })], order("want-down", "api"));
    expect(lives.pass(6)).toEqual([]);
    expect(lives.pass(1)).toContain("api@1 SIGKILL group i1");
  });

  test("give a process that runs the new time to run, counted from when it was ready", () => {
    const lives = up(makeUnit("api"));
    lives.pass(50);
    reconfigure(lives, [makeUnit("api", { service: { runtimeMaxMs: 60 } })]);
    expect(lives.pass(9).filter(isSignal)).toEqual([]);
    expect(lives.pass(1).filter(isSignal)).toEqual(["api@1 SIGTERM group i1"]);
  });

  test("keep the number of instances that was ordered by hand", () => {
    const lives = up(makeUnit("api"));
    lives.post({ tag: "scale", unit: "api", count: 2 });
    reconfigure(lives, [makeUnit("api", { description: "new" })]);
    expect(lives.phases).toBe("api@1 running, api@2 starting");
  });

  test("are heard together with their wishes: who is bound to a new unit is not stopped for its coming", () => {
    const lives = up(makeUnit("api"));
    const after = [makeUnit("api", { bindsTo: ["db"] }), makeUnit("db")];
    expect(reconfigure(lives, after, order("want-up", "db")).filter(isSignal)).toEqual([]);
    expect(lives.phases).toBe("api running, db starting");
  });
});

describe("a unit without a definition", () => {
  test("stops when it is told to, and is forgotten when it is gone", () => {
    const lives = up(makeUnit("api"), makeUnit("db"));
    reconfigure(lives, [makeUnit("db")]);
    expect(lives.phases).toBe("api running, db running");
    lives.order("want-down", "api");
    expect(named(lives)).toEqual(["api", "db"]);
    lives.exit("api", 0);
    expect([...forget(lives.world).units.keys()]).toEqual(["db"]);
  });

  test("is not started again, whatever is wished", () => {
    const lives = up(makeUnit("api"));
    reconfigure(lives, [], order("want-down", "api"));
    lives.order("want-up", "api");
    lives.exit("api", 0);
    expect(forget(lives.world).units.size).toBe(0);
  });

  test("comes back with its definition, also while it stops", () => {
    const lives = up(makeUnit("api"));
    reconfigure(lives, [], order("want-down", "api"));
    reconfigure(lives, [makeUnit("api", { service: { instances: 2 } })], order("want-up", "api"));
    lives.exit("api@1", 0);
    expect(lives.phases).toBe("api@1 starting, api@2 starting");
  });

  test("stops before what it was started after, and nobody waits for it but it", () => {
    const web = makeUnit("web", { requires: ["db"] });
    const lives = up(makeUnit("db"), web);
    // The new files turn the order round; with those who leave in it, it would be a ring.
    const db = makeUnit("db", { after: ["web"] });
    const said = reconfigure(lives, [db], order("want-down", "web"), order("want-restart", "db"));
    expect(said.filter(isSignal)).toEqual(["web@1 SIGTERM group i2"]);
    expect(lives.exit("web", 0).filter(isSignal)).toEqual(["db@1 SIGTERM group i1"]);
    lives.exit("db", 0);
    expect(lives.phases).toBe("db starting");
  });

  test("is in nobody's way by an order that only its own file told", () => {
    const between = makeUnit("between", { after: ["first"], before: ["last"] });
    const lives = up(makeUnit("first"), between, makeUnit("last"));
    // first after last, last after between, between after first: a ring, if those who leave were still listened to.
    const after = [makeUnit("first", { after: ["last"] }), makeUnit("last")];
    const said = reconfigure(lives, after, order("want-down", "between"), order("want-restart", "first", "last"));
    expect(said.filter(isSignal)).toEqual(["between@1 SIGTERM group i2"]);
    expect(lives.exit("between", 0).filter(isSignal)).toEqual(["first@1 SIGTERM group i1"]);
  });
});
