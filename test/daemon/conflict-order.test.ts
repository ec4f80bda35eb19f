import { describe, expect, test } from "bun:test";
import { makeUnit } from "../support/units.ts";
import { Rig } from "./rig.ts";

const done = (unit: string, message = "") => ({ unit, result: "done", message, tail: [], fault: null }) as const;
const old = makeUnit("old", { conflicts: ["new"] });
const fresh = makeUnit("new");
const states = (rig: Rig) => rig.desk.status().units.map(({ name, active_state }) => `${name} ${active_state}`);

describe("of two units that conflict", () => {
  test.each(["start", "restart"] as const)("a %s of one stops the other first, whichever says so", async (tag) => {
    for (const [first, second] of [
      ["old", "new"],
      ["new", "old"],
    ] as const) {
      const rig = new Rig(old, fresh);
      await rig.up(first);
      const given = rig.order({ tag, units: [second] });
      expect(rig.unit(first)).toMatchObject({ active_state: "deactivating", wanted: "down" });
      expect(rig.unit(second)).toMatchObject({ active_state: "inactive", reason: `waits for ${first}` });
      rig.exit(first, 0);
      rig.ready(second);
      expect(await given).toEqual([done(second)]);
    }
  });

  test("a start of both is refused, names them, and stops nobody", async () => {
    const rig = new Rig(old, fresh, makeUnit("web", { requires: ["old"] }), makeUnit("app", { wants: ["new"] }));
    await rig.up("old");
    const refused = (tag: "start" | "restart", units: readonly string[]) => {
      const message = `${tag} ${units.join(", ")}: needs units that conflict with each other: new, old`;
      expect(rig.desk.order({ tag, units })).toEqual({
        ok: false,
        faults: [{ code: "request-invalid", message, retry: "never" }],
      });
    };
    refused("start", ["old", "new"]);
    refused("start", ["web", "app"]);
    refused("restart", ["web", "app"]);
    expect(rig.unit("old")).toMatchObject({ active_state: "active", wanted: "up" });
  });

  test("a start of one takes those along that require the other or are part of it", async () => {
    const rig = new Rig(old, fresh, makeUnit("web", { requires: ["old"] }), makeUnit("log", { partOf: ["web"] }));
    await rig.up("old", "web", "log");
    void rig.start("new");
    expect(states(rig)).toEqual(["log deactivating", "new inactive", "old active", "web deactivating"]);
    rig.exit("web", 0);
    rig.exit("old", 0);
    expect(states(rig)).toEqual(["log deactivating", "new activating", "old inactive", "web inactive"]);
  });

  test("a start of one undoes the work of a oneshot that conflicts with it", async () => {
    const rig = new Rig(makeUnit("old", { conflicts: ["new"], service: { type: "oneshot", restart: "no" } }), fresh);
    void rig.start("old");
    rig.exit("old", 0);
    expect(rig.unit("old")).toMatchObject({ active_state: "active", sub_state: "exited" });
    void rig.start("new");
    expect(states(rig)).toEqual(["new activating", "old inactive"]);
  });
});

describe("a stop", () => {
  const redis = makeUnit("redis");
  const part = makeUnit("part", { partOf: ["redis"] });

  test("takes the parts along without being asked to, and answers for them", async () => {
    const rig = new Rig(redis, part, makeUnit("bit", { partOf: ["part"] }), makeUnit("idle", { partOf: ["redis"] }));
    await rig.up("redis", "part", "bit");
    const stopped = rig.order({ tag: "stop", units: ["redis"], cascade: false });
    for (const name of ["redis", "part", "bit"]) rig.exit(name, 0);
    expect((await stopped).map(({ unit, result }) => `${unit} ${result}`).sort()).toEqual([
      "bit done",
      "part done",
      "redis done",
    ]);
  });

  test("of a part leaves the whole alone", async () => {
    const rig = new Rig(redis, part);
    await rig.up("redis", "part");
    void rig.order({ tag: "stop", units: ["part"], cascade: false });
    expect(states(rig)).toEqual(["part deactivating", "redis active"]);
  });

  test("is refused for the sake of those that require a part, and stops nobody", async () => {
    const rig = new Rig(redis, part, makeUnit("web", { requires: ["part"] }));
    await rig.up("redis", "part", "web");
    const given = rig.desk.order({ tag: "stop", units: ["redis"], cascade: false });
    expect(given).toMatchObject({ ok: false, faults: [{ code: "unit-required" }] });
    expect(states(rig)).toEqual(["part active", "redis active", "web active"]);
  });

  test("with cascade takes along the parts of those that require it", async () => {
    const rig = new Rig(redis, makeUnit("api", { requires: ["redis"] }), makeUnit("log", { partOf: ["api"] }));
    await rig.up("redis", "api", "log");
    void rig.order({ tag: "stop", units: ["redis"], cascade: true });
    expect(states(rig)).toEqual(["api deactivating", "log deactivating", "redis active"]);
  });

  test("undoes the work of a oneshot that requires the unit, which is no reason to refuse it", async () => {
    const job = makeUnit("job", { requires: ["redis"], service: { type: "oneshot", restart: "no" } });
    const rig = new Rig(redis, job);
    void rig.start("redis", "job");
    rig.ready("redis");
    rig.exit("job", 0);
    const stopped = rig.order({ tag: "stop", units: ["redis"], cascade: false });
    rig.exit("redis", 0);
    expect(states(rig)).toEqual(["job inactive", "redis inactive"]);
    expect(await stopped).toEqual([done("job"), done("redis")]);
  });

  test("of what rests already is answered at once, with no word of how it once ended", async () => {
    const rig = new Rig(makeUnit("a", { service: { restart: "no" } }), makeUnit("b"), makeUnit("c"));
    await rig.up("a", "c");
    rig.exit("a", 3);
    const stopped = rig.order({ tag: "stop", units: ["a", "b"], cascade: false });
    expect(await stopped).toEqual([done("a"), done("b")]);
    expect(states(rig)).toEqual(["a failed", "b inactive", "c active"]);
  });

  test("of what rests and what runs is answered when the last has stopped", async () => {
    const rig = new Rig(makeUnit("a"), makeUnit("b"));
    await rig.up("b");
    const stopped = rig.order({ tag: "stop", units: ["a", "b"], cascade: false });
    expect(await rig.isOpen(stopped)).toBe(true);
    rig.exit("b", 0);
    expect(await stopped).toEqual([done("a"), done("b")]);
  });

  test("of what pauses before a restart is answered at once", async () => {
    const rig = new Rig(makeUnit("a", { service: { restartMs: 60_000 } }));
    await rig.up("a");
    rig.exit("a", 1);
    expect(await rig.order({ tag: "stop", units: ["a"], cascade: false })).toMatchObject([{ result: "done" }]);
  });
});

describe("a restart", () => {
  test("starts what the unit requires, when that does not run", async () => {
    const rig = new Rig(makeUnit("redis"), makeUnit("api", { requires: ["redis"] }));
    const restarted = rig.order({ tag: "restart", units: ["api"] });
    expect(states(rig)).toEqual(["api inactive", "redis activating"]);
    rig.ready("redis");
    rig.ready("api");
    expect(await restarted).toEqual([done("api")]);
  });

  test("leaves what the unit requires alone, when that runs", async () => {
    const rig = new Rig(makeUnit("redis"), makeUnit("api", { requires: ["redis"] }));
    await rig.up("redis", "api");
    void rig.order({ tag: "restart", units: ["api"] });
    expect(rig.log.filter((line) => line.startsWith("SIG"))).toEqual(["SIGTERM group i2"]);
  });

  test("takes along those that need the unit through others, and their parts", async () => {
    const rig = new Rig(
      makeUnit("redis"),
      makeUnit("api", { requires: ["redis"] }),
      makeUnit("log", { partOf: ["api"] }),
      makeUnit("job", { bindsTo: ["redis"], service: { type: "oneshot", restart: "no" } }),
    );
    void rig.start("redis", "api", "log", "job");
    rig.ready("redis", "log", "api");
    rig.exit("job", 0);
    void rig.order({ tag: "restart", units: ["redis"] });
    for (const name of ["api", "log", "redis"]) rig.exit(name, 0);
    expect(states(rig)).toEqual(["api inactive", "job inactive", "log activating", "redis activating"]);
    rig.ready("redis");
    expect(states(rig)).toEqual(["api activating", "job activating", "log activating", "redis active"]);
  });

  test("does a oneshot's work again", async () => {
    const rig = new Rig(makeUnit("job", { service: { type: "oneshot", restart: "no" } }));
    void rig.start("job");
    rig.exit("job", 0);
    const restarted = rig.order({ tag: "restart", units: ["job"] });
    expect(await rig.isOpen(restarted)).toBe(true);
    rig.exit("job", 0);
    expect(await restarted).toEqual([done("job", "restart job: exited with code 0")]);
  });
});
