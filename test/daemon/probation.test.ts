import { expect, test } from "bun:test";
import type { Unit } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import { Rig, textsOf } from "./rig.ts";

type Change = NonNullable<Parameters<typeof makeUnit>[1]>;

const api = (change: Change) => makeUnit("api", { handover: { soakMs: 0 }, ...change });
const redis = makeUnit("redis", { handover: { soakMs: 0 } });

async function up(...units: readonly Unit[]): Promise<Rig> {
  const rig = new Rig(...units);
  for (const { name } of units) await rig.up(name);
  rig.fakes.log.length = 0;
  return rig;
}

const reload = (rig: Rig) => rig.order({ tag: "reconfigure" });
const reads = (marks: Readonly<Record<string, string>>, more: Change = {}) => {
  const settings = Object.entries(marks).map(([key, mark]) => [key, { mark, live: key !== "api.port" }]);
  return api({ ...more, service: { config: ["api"], settings: Object.fromEntries(settings) } });
};
const one = { "api.most": "1", "api.port": "1" };
const signals = (rig: Rig) => rig.log.filter((line) => line.startsWith("SIGHUP"));
const takenBack = (rig: Rig) => rig.told.find(({ event }) => event === "config.taken-back");
const settle = () => new Promise((resolve) => setImmediate(resolve));

test("settings that a unit cannot live with are taken back when a process refuses them, with its reason, and are tried again by the next reload", async () => {
  const rig = await up(reads(one));
  rig.edit(reads({ ...one, "api.most": "2" }));
  await reload(rig);
  rig.fakes.processes.say(rig.newest("api"), { READY: "1", STATUS: "configuration refused: no", ERRNO: "22" });
  await settle();
  expect(takenBack(rig)).toMatchObject({ unit: "api", why: "configuration refused: no" });
  expect(signals(rig)).toEqual(["SIGHUP main i1", "SIGHUP main i1"]);
  expect(rig.fakes.disk.kept).toEqual(textsOf([reads(one)]));
  expect(rig.unit("api")).toMatchObject({ changed_on_disk: true, outdated: false });
  expect(rig.desk.plan()).toMatchObject({ value: { units: [{ action: "live", keys: ["config.api.most"] }] } });
});

test("settings that a unit cannot live with are taken back when the new generation does not come up: what is loaded is what runs", async () => {
  const rig = await up(reads(one), redis);
  rig.edit(reads({ ...one, "api.port": "2" }), redis);
  const given = reload(rig);
  rig.exit("api", 1);
  expect(await given).toMatchObject([{ unit: "api", result: "kept-old" }]);
  await settle();
  expect(takenBack(rig)?.why).toContain("the old generation stays");
  expect(rig.unit("api")).toMatchObject({ outdated: false, changed_on_disk: true, generation: 1 });
});

test("settings that a unit cannot live with are taken back when the unit ends within the gate, and not after it", async () => {
  for (const lateMs of [0, 60_000]) {
    const rig = await up(reads(one, { handover: { soakMs: 1000 } }));
    rig.edit(reads({ ...one, "api.most": "2" }, { handover: { soakMs: 1000 } }));
    await reload(rig);
    rig.advance(lateMs);
    rig.exit("api", 1);
    await settle();
    expect({ lateMs, why: takenBack(rig)?.why ?? null }).toEqual({
      lateMs,
      why: lateMs === 0 ? "exited with code 1" : null,
    });
  }
});

test("settings that a unit cannot live with are not blamed for what was so before", async () => {
  const rig = await up(reads(one));
  rig.fakes.processes.say(rig.newest("api"), { STATUS: "no disk", ERRNO: "28" });
  rig.edit(reads({ ...one, "api.most": "2" }));
  await reload(rig);
  rig.fakes.processes.say(rig.newest("api"), { WATCHDOG: "1" });
  await settle();
  expect(takenBack(rig)).toBeUndefined();
});
