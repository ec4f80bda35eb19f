import { expect, test } from "bun:test";
import { createControl } from "../../supervisor/control/routes.ts";
import { schemas } from "../../supervisor/control/schema.ts";
import { fail, ok } from "../../supervisor/unit/fault.ts";
import { FakeDesk, makeUnit, makeVerdict } from "./fixtures/fake-desk.ts";
import { fakeOptions } from "./fixtures/serve.ts";

function setUp() {
  const desk = new FakeDesk();
  const app = createControl(desk, fakeOptions({}));
  const get = async (path: string) => app.request(path);
  const post = async (path: string) => app.request(path, { method: "POST" });
  return { desk, get, post };
}

test("the plan and the settings are answered as the schema says, a password hidden", async () => {
  const { desk, get } = setUp();
  const config = { action: "live", keys: ["queue.url"], reason: "when it starts" } as const;
  desk.planned = ok({ units: [{ unit: "api", action: "stop", keys: [], reason: "its file is gone" }], config });
  desk.set = [
    { key: "queue.url", value: "redis://a:secret@b", origin: "config/local.toml:2", secret: false, live: false },
  ];
  expect(schemas.Plan.strict().parse(await (await get("/v1/config/diff")).json()).units).toHaveLength(1);
  const { settings } = schemas.Settings.strict().parse(await (await get("/v1/config")).json());
  expect(settings).toEqual([
    { key: "queue.url", value: "redis://a:…@b", origin: "config/local.toml:2", secret: false, live: false },
  ]);
});

test("a plan that is refused is a problem with every fault", async () => {
  const { desk, get } = setUp();
  const fault = { code: "unit-invalid", message: "no", retry: "never" } as const;
  desk.planned = fail(fault, fault);
  const response = await get("/v1/config/diff");
  expect([response.status, await response.json()]).toMatchObject([
    422,
    { code: "unit-invalid", faults: [fault, fault] },
  ]);
});

test("a reload is an order like any other: accepted, or waited for", async () => {
  const { desk, post } = setUp();
  desk.verdicts = [makeVerdict("api", "done", "")];
  expect((await post("/v1/config/reload")).status).toBe(202);
  const waited = await post("/v1/config/reload?wait=5s");
  expect(await waited.json()).toMatchObject({ verdicts: [{ unit: "api", result: "done" }] });
  expect(desk.orders).toEqual([{ tag: "reconfigure" }, { tag: "reconfigure" }]);
  desk.refusal = { code: "listener-busy", message: "in use", retry: "later" };
  expect((await post("/v1/config/reload?wait=5s")).status).toBe(409);
});

test("a wait that is over names who is on the way", async () => {
  const { desk, post } = setUp();
  desk.verdicts = "never";
  desk.units = [makeUnit("api", { active_state: "reloading" }), makeUnit("redis")];
  const late = (await (await post("/v1/config/reload?wait=1ms")).json()) as { verdicts: object[] };
  expect(late.verdicts).toMatchObject([{ unit: "api", result: "timed-out" }]);
});
