import { expect, test } from "bun:test";
import { createControl } from "../../supervisor/control/routes.ts";
import { schemas } from "../../supervisor/control/schema.ts";
import type { WhyEntry } from "../../supervisor/unit/why.ts";
import { FakeDesk } from "./fixtures/fake-desk.ts";
import { fakeOptions } from "./fixtures/serve.ts";

const entry = (instance: number | null, event: string): WhyEntry => ({
  ...{ life: "2026-01-06T10:00:00.000Z", at: "2026-01-06T10:00:01.000Z", event, instance },
  ...{ invocation: null, generation: 3, pid: 7, from: null, to: null, why: null, text: event, duration_ms: null },
  cause: { tag: "exit", code: 3, ready: true, because: [] },
  output: ["boom"],
});

function setUp(count = 2) {
  const entries = Array.from({ length: count }, (_, index) => entry((index % 2) + 1, `e${index}`));
  const history = (unit: string) => (unit === "api" ? entries : []);
  const app = createControl(new FakeDesk(), fakeOptions({ history, closing: AbortSignal.abort() }));
  return async (path: string) => {
    const answer = await app.request(`/v1/units/${path}`);
    return { status: answer.status, body: await answer.json() };
  };
}

test("a unit's history comes with its state, as the schema says", async () => {
  const { status, body } = await setUp()("api/why");
  expect(status).toBe(200);
  expect(schemas.Why.strict().parse(body)).toEqual(body);
  expect(body).toMatchObject({ name: "api", active_state: "active", generation: 3, life: "2026-01-06T10:00:00.000Z" });
  expect(body.entries.map((each: WhyEntry) => each.event)).toEqual(["e0", "e1"]);
});

test("an instance has its own, and a limit holds for what it has", async () => {
  const get = setUp(100);
  const { body } = await get("api@2/why?limit=3");
  expect(body.name).toBe("api@2");
  expect(body.entries.map((each: WhyEntry) => each.event)).toEqual(["e1", "e3", "e5"]);
  expect((await get("api/why")).body.entries.length).toBe(20);
  expect((await get("api/why?limit=0")).body.entries).toEqual([]);
});

test("one unit is answered for, with a limit that is a number", async () => {
  const get = setUp();
  expect(await get("nothing/why")).toMatchObject({ status: 404, body: { code: "unit-unknown" } });
  expect(await get("all/why")).toMatchObject({ status: 400, body: { code: "request-invalid" } });
  for (const limit of ["-1", "x", "1e3", "", "9999999999"]) {
    expect(await get(`api/why?limit=${limit}`)).toMatchObject({ status: 400, body: { code: "request-invalid" } });
  }
});

test("where no history is kept, nothing has happened", async () => {
  const app = createControl(new FakeDesk(), fakeOptions({ closing: AbortSignal.abort() }));
  expect(await (await app.request("/v1/units/api/why")).json()).toMatchObject({ name: "api", entries: [] });
});
