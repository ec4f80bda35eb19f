import { describe, expect, test } from "bun:test";
import type { Verdict } from "../../supervisor/daemon/ports.ts";
import type { Service } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import { Rig } from "./rig.ts";

const unit = (instances: number, service: Partial<Service> = {}) =>
  makeUnit("api", { service: { instances, restart: "no", ...service } });
const done = (name: string, message = "") => ({ unit: name, result: "done", message, tail: [], fault: null }) as const;
const names = (rig: Rig) => rig.unit("api").instances.map(({ name, phase }) => `${name} ${phase}`);
const order = (count: number, relative = false) => ({ tag: "scale", units: ["api"], count, relative }) as const;
const scale = (rig: Rig, count: number, relative = false): Promise<readonly Verdict[]> =>
  rig.order(order(count, relative));

async function running(instances: number): Promise<Rig> {
  const rig = new Rig(unit(instances));
  await rig.up(...Array.from({ length: instances }, (_, index) => `api@${index + 1}`));
  return rig;
}

describe("scale", () => {
  test.each([
    ["4", 4, false],
    ["+2", 2, true],
  ] as const)("%s of two makes four, and is answered when the new ones serve", async (_, count, relative) => {
    const rig = await running(2);
    const scaled = scale(rig, count, relative);
    expect(names(rig)).toEqual(["api@1 running", "api@2 running", "api@3 starting", "api@4 starting"]);
    rig.ready("api@3");
    expect(await rig.isOpen(scaled)).toBe(true);
    rig.ready("api@4");
    expect(await scaled).toEqual([done("api")]);
  });

  test.each([
    ["1", 1, false],
    ["-2", -2, true],
  ] as const)("%s of three leaves one, and is answered when the others are gone", async (_, count, relative) => {
    const rig = await running(3);
    const scaled = scale(rig, count, relative);
    rig.exit("api@2", 0);
    expect(await rig.isOpen(scaled)).toBe(true);
    rig.exit("api@3", 0);
    expect(await scaled).toEqual([done("api")]);
    expect(names(rig)).toEqual(["api@1 running"]);
  });

  test.each([
    ["+1", 1],
    ["-1", -1],
  ] as const)("%s counts from the number that is wanted, not from the one that is there yet", async (_, count) => {
    const rig = await running(3);
    void scale(rig, 5);
    void scale(rig, count, true);
    for (const name of ["api@4", "api@5", "api@6"].slice(0, count === 1 ? 3 : 1)) rig.ready(name);
    if (count === -1) rig.exit("api@5", 0);
    expect(names(rig)).toHaveLength(5 + count);
  });

  test("up after down fills the numbers up without a gap", async () => {
    const rig = await running(3);
    void scale(rig, 1);
    rig.exit("api@2", 0);
    void scale(rig, 4);
    expect(names(rig)).toEqual(["api@1 running", "api@2 starting", "api@3 stopping", "api@4 starting"]);
    rig.exit("api@3", 0);
    expect(names(rig)).toEqual(["api@1 running", "api@2 starting", "api@3 starting", "api@4 starting"]);
  });

  test.each([
    [0, false, "0 is too few; to have none, stop it"],
    [-2, true, "0 is too few; to have none, stop it"],
    [-5, true, "-3 is too few; to have none, stop it"],
    [1001, false, "1001 is more than 1000"],
    [999, true, "1001 is more than 1000"],
  ])("%d (relative: %p) of two is refused, and nothing happens", async (count, relative, why) => {
    const rig = await running(2);
    const message = `scale api: ${why}`;
    expect(rig.desk.order(order(count, relative))).toEqual({
      ok: false,
      faults: [{ code: "request-invalid", message, retry: "never", unit: "api" }],
    });
    expect(names(rig)).toEqual(["api@1 running", "api@2 running"]);
  });

  test("to 1000 is the most that is taken", async () => {
    expect(await scale(new Rig(unit(1)), 1000)).toEqual([done("api")]);
  });

  test("to the number there is, is answered at once", async () => {
    const rig = await running(2);
    expect(await scale(rig, 2)).toEqual([done("api")]);
    expect(await scale(rig, 0, true)).toEqual([done("api")]);
  });

  test("of a unit at rest starts nobody, and the next start starts them all", async () => {
    const rig = new Rig(unit(1));
    expect(await scale(rig, 3)).toEqual([done("api")]);
    expect(names(rig)).toEqual([]);
    void rig.start("api");
    expect(names(rig)).toEqual(["api@1 starting", "api@2 starting", "api@3 starting"]);
  });

  test("whose new instance fails has failed, and the others serve on", async () => {
    const rig = await running(1);
    const scaled = scale(rig, 2);
    rig.exit("api@2", 3);
    expect(await scaled).toMatchObject([
      { unit: "api", result: "failed", message: "scale api: exited with code 3 before it was ready" },
    ]);
    expect(names(rig)).toEqual(["api@1 running"]);
  });

  test("is refused when everything was told to stop", async () => {
    const rig = await running(1);
    void rig.order({ tag: "stop", units: null, cascade: false });
    expect(rig.desk.order(order(2))).toMatchObject({ ok: false, faults: [{ code: "shutting-down" }] });
  });
});

describe("an order to api@2", () => {
  test("stop ends that one alone, and is answered when it is gone", async () => {
    const rig = await running(3);
    const stopped = rig.order({ tag: "stop", units: ["api@2"], cascade: false });
    expect(names(rig)).toEqual(["api@1 running", "api@2 stopping", "api@3 running"]);
    rig.exit("api@2", 0);
    expect(await stopped).toEqual([done("api@2")]);
    expect(names(rig)).toEqual(["api@1 running", "api@3 running"]);
  });

  test("stop asks nobody who requires the unit: the others serve on", async () => {
    const rig = new Rig(unit(2), makeUnit("web", { requires: ["api"] }), makeUnit("log", { partOf: ["api"] }));
    void rig.start("api", "web", "log");
    rig.ready("api@1", "api@2", "web", "log");
    void rig.order({ tag: "stop", units: ["api@2"], cascade: false });
    expect([rig.unit("web").active_state, rig.unit("log").active_state]).toEqual(["active", "active"]);
  });

  test("start starts what the unit needs and that one alone", async () => {
    const rig = new Rig(makeUnit("redis"), makeUnit("api", { requires: ["redis"], service: { instances: 3 } }));
    const started = rig.start("api@2");
    rig.ready("redis");
    expect(names(rig)).toEqual(["api@2 starting"]);
    rig.ready("api@2");
    expect(await started).toEqual([done("api@2")]);
  });

  test("restart restarts that one alone, and is answered when it serves again", async () => {
    const rig = await running(2);
    const restarted = rig.order({ tag: "restart", units: ["api@2"] });
    expect(names(rig)).toEqual(["api@1 running", "api@2 stopping"]);
    rig.exit("api@2", 0);
    expect(await rig.isOpen(restarted)).toBe(true);
    rig.ready("api@2");
    expect(await restarted).toEqual([done("api@2")]);
  });

  test("signal reaches that one alone, and all of them by the unit's name", async () => {
    const rig = await running(2);
    expect(await rig.order({ tag: "signal", units: ["api@2"], signal: "SIGUSR1" })).toEqual([done("api@2")]);
    await rig.order({ tag: "signal", units: ["api"], signal: "SIGUSR2" });
    expect(rig.log.slice(-3)).toEqual(["SIGUSR1 main i2", "SIGUSR2 main i1", "SIGUSR2 main i2"]);
  });

  test("reset-failed brings that one to rest alone", async () => {
    const rig = await running(3);
    rig.exit("api@2", 1);
    rig.exit("api@3", 1);
    await rig.order({ tag: "reset-failed", units: ["api@2"] });
    expect(rig.unit("api").active_state).toBe("failed");
    await rig.order({ tag: "reset-failed", units: ["api@3"] });
    expect(rig.unit("api").result).toBe("success");
  });
});
