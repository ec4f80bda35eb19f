import { describe, expect, test } from "bun:test";
import { createWorld, type World } from "../../supervisor/core/world.ts";
import { readStateLog, StateLog } from "../../supervisor/daemon/state-log.ts";
import { makeUnit } from "../support/units.ts";

const [api, worker] = [makeUnit("api"), makeUnit("worker")];
const boot = "this-boot";

/** A file in memory; `fault` is what every write is refused with. */
class FakeFile {
  text = "";
  fault: string | null = null;
  rewritten = 0;

  append(text: string): string | null {
    if (this.fault === null) this.text += text;
    return this.fault;
  }

  replace(text: string): string | null {
    if (this.fault !== null) return this.fault;
    this.text = text;
    this.rewritten++;
    return null;
  }
}

function opened() {
  const file = new FakeFile();
  const failures: string[] = [];
  const log = new StateLog({ file, boot, version: "0.1.0", failed: (message) => failures.push(message) });
  return { file, failures, log };
}

/** The same world with another state of one unit. */
function changed(world: World, name: string, restarts: number): World {
  const entry = world.units.get(name);
  if (!entry) throw new Error(`no unit ${name}`);
  const instances = entry.instances.map((state) => ({ ...state, restarts }));
  return { ...world, units: new Map(world.units).set(name, { ...entry, instances }) };
}

const restartsOf = (text: string, name: string): number | undefined =>
  readStateLog(text, boot).left?.saved.get(name)?.instances[0]?.restarts;

describe("what is written down of the units", () => {
  test("is there before it is done, and known to be done afterwards", () => {
    const { file, log } = opened();
    const world = createWorld([api, worker]);
    log.decided(world);
    log.done();
    log.decided(changed(world, "api", 1));
    const before = readStateLog(file.text, boot).left;
    expect(before?.isDone({ unit: "api", instance: 1 })).toBe(false);
    expect(before?.isDone({ unit: "worker", instance: 1 })).toBe(true);
    expect(restartsOf(file.text, "api")).toBe(1);
    log.done();
    expect(readStateLog(file.text, boot).left?.isDone({ unit: "api", instance: 1 })).toBe(true);
  });

  test("is one line for each unit that has changed, and none where nothing has", () => {
    const { file, log } = opened();
    const world = createWorld([api, worker]);
    log.decided(world);
    log.done();
    const lines = file.text.split("\n").length;
    log.decided({ ...world });
    log.done();
    expect(file.text.split("\n")).toHaveLength(lines);
    log.decided(changed(world, "worker", 3));
    expect(file.text.split("\n")).toHaveLength(lines + 1);
  });

  test("forgets a unit that is gone", () => {
    const { file, log } = opened();
    log.decided(createWorld([api, worker]));
    log.decided(createWorld([api]));
    expect([...(readStateLog(file.text, boot).left?.saved.keys() ?? [])]).toEqual(["api"]);
  });

  test("is written anew when it has grown, and says the same", () => {
    const { file, log } = opened();
    let world = createWorld([api]);
    for (let restarts = 1; restarts <= 6_000; restarts++) {
      world = changed(world, "api", restarts);
      log.decided(world);
      log.done();
    }
    expect(file.text.length).toBeLessThan(1_100_000);
    expect(file.rewritten).toBeGreaterThan(1);
    expect(restartsOf(file.text, "api")).toBe(6_000);
  });

  test("is written whole again after it could not be written, and that is told once", () => {
    const { file, failures, log } = opened();
    const world = createWorld([api, worker]);
    log.decided(world);
    log.done();
    file.fault = "no space";
    for (const restarts of [1, 2]) {
      log.decided(changed(world, "api", restarts));
      log.done();
    }
    expect(failures).toEqual(["no space"]);
    file.fault = null;
    log.decided(changed(world, "worker", 5));
    log.done();
    expect([restartsOf(file.text, "api"), restartsOf(file.text, "worker")]).toEqual([0, 5]);
  });
});

describe("what another daemon has written", () => {
  const written = (): string => {
    const { file, log } = opened();
    const world = createWorld([api, worker]);
    log.decided(world);
    log.done();
    log.decided(changed(world, "api", 7));
    return file.text;
  };

  test("does not count from a last line on that was cut short", () => {
    const text = written();
    for (let cut = 1; cut < 200; cut++) {
      const { left, fault } = readStateLog(text.slice(0, -cut), boot);
      expect(fault).toBeNull();
      expect(left?.saved.get("api")?.instances[0]?.restarts).toBe(0);
    }
  });

  test("means nothing once the machine was started again", () => {
    expect(readStateLog(written(), "another-boot")).toEqual({ left: null, fault: null });
  });

  test("is a fault where a line in the middle cannot be read; what stands before it counts", () => {
    const { left, fault } = readStateLog(`${written()}nonsense\n{"gone":"api"}\n`, boot);
    expect(fault).toContain("cannot be read");
    expect(left?.saved.get("api")?.instances[0]?.restarts).toBe(7);
  });

  test.each([
    ["nothing", "", null],
    ["another format", '{"format":2}\n', "not in a format"],
    ["a diary", "dear diary\n", "not in a format"],
    ["half a head", '{"format":1', "not in a format"],
  ])("is not taken when it is %s", (_what, text, why) => {
    const { left, fault } = readStateLog(text, boot);
    expect(left).toBeNull();
    if (why === null) expect(fault).toBeNull();
    else expect(fault).toContain(why);
  });
});
