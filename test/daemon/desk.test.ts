import { describe, expect, test } from "bun:test";
import { makeUnit } from "../support/units.ts";
import { Rig } from "./rig.ts";

const begin = () => new Rig(makeUnit("api"), makeUnit("worker"));

test("unit patterns are taken apart, and an unknown name gets its nearest", () => {
  const { desk } = begin();
  expect(desk.match(["work*"])).toEqual({ ok: true, value: ["worker"] });
  expect(desk.match(["all"])).toEqual({ ok: true, value: ["api", "worker"] });
  const missed = desk.match(["apo"]);
  expect(missed.ok ? [] : missed.faults).toMatchObject([
    { code: "unit-unknown", message: expect.stringContaining("api") },
  ]);
});

test("it says where a unit's output is kept", () => {
  expect(begin().desk.outputFile("api")).toBe("/srv/app/.supervisor/logs/api.log");
});

describe("since", () => {
  const second = (rig: Rig): string => rig.unit("api").since.slice(17, 19);

  test("is when the active state was entered, not when it was last looked at", () => {
    const rig = begin();
    rig.advance(1_000);
    void rig.start("api");
    rig.advance(2_000);
    expect(second(rig)).toBe("01");
    rig.ready("api");
    rig.advance(4_000);
    expect(second(rig)).toBe("03");
  });

  test("is the daemon's begin for a unit that nothing has happened to", () => {
    const rig = begin();
    rig.advance(5_000);
    expect(second(rig)).toBe("00");
  });

  test("is when it came up, also in a handover and after it", () => {
    const rig = begin();
    void rig.start("api");
    rig.ready("api");
    rig.advance(1_000);
    void rig.order({ tag: "reload", units: ["api"] });
    rig.advance(1_000);
    rig.ready("api");
    expect(second(rig)).toBe("00");
  });
});

test("an instance is told of as if it were a unit", async () => {
  const rig = new Rig(makeUnit("api", { service: { instances: 2 } }));
  void rig.start("api");
  rig.ready("api@1", "api@2");
  rig.advance(1_000);
  const stopped = rig.order({ tag: "stop", units: ["api@1"], cascade: false });
  rig.exit("api@1", "SIGTERM");
  await stopped;
  expect(rig.unit("api")).toMatchObject({ active_state: "active", wanted: "up" });
  expect(rig.desk.inspect("api@1")).toMatchObject({
    name: "api@1",
    active_state: "inactive",
    wanted: "down",
    main_pid: null,
  });
  expect(rig.desk.inspect("api@2")).toMatchObject({
    name: "api@2",
    active_state: "active",
    instances: [{ name: "api@2" }],
  });
  expect(rig.desk.inspect("api@2")?.since).not.toBe(rig.desk.inspect("api@1")?.since);
  expect(rig.desk.inspect("api@3")).toBeNull();
});
