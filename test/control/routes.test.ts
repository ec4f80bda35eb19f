import { describe, expect, test } from "bun:test";
import { type ControlOptions, createControl } from "../../supervisor/control/routes.ts";
import type { Fault, FaultCode } from "../../supervisor/unit/fault.ts";
import { makeUnit as makeFile } from "../support/units.ts";
import { within } from "../support/within.ts";
import { FakeDesk, makeInstance, makeUnit, makeVerdict } from "./fixtures/fake-desk.ts";
import { fakeOptions } from "./fixtures/serve.ts";

function setUp(changes: Partial<ControlOptions> = {}) {
  const desk = new FakeDesk();
  const app = createControl(desk, fakeOptions(changes));
  const get = async (path: string, headers = {}) => app.request(path, { headers });
  const post = async (path: string, body?: string) =>
    app.request(path, { method: "POST", ...(body !== undefined && { body }) });
  return { desk, get, post };
}

async function problemOf(response: Response | Promise<Response>) {
  const answer = await response;
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  const body = (await answer.json()) as { code: string; detail: string; status: number; faults: Fault[] };
  expect(body.status).toBe(answer.status);
  return body;
}

describe("queries", () => {
  test("the status is the desk's snapshot, field for field", async () => {
    const { desk, get } = setUp();
    expect(await (await get("/v1/status")).json()).toEqual(JSON.parse(JSON.stringify(desk.status())));
  });

  test("?unit= narrows the status, and may be given several times", async () => {
    const { get } = setUp();
    const names = async (path: string) =>
      ((await (await get(path)).json()) as { units: { name: string }[] }).units.map((u) => u.name);
    expect(await names("/v1/status?unit=work*")).toEqual(["worker"]);
    expect(await names("/v1/status?unit=redis&unit=api@2")).toEqual(["redis", "api@2"]);
  });

  test("an unknown unit is 404 with the fault's code", async () => {
    const { get } = setUp();
    for (const path of ["/v1/status?unit=apy", "/v1/units/apy", "/v1/units/apy/logs"]) {
      expect(await problemOf(get(path))).toMatchObject({ status: 404, code: "unit-unknown", detail: "no unit 'apy'" });
    }
  });

  test("one unit is answered bare, and a pattern of several is refused", async () => {
    const { get } = setUp();
    expect(await (await get("/v1/units/api")).json()).toMatchObject({ name: "api", main_pid: 42 });
    expect(await problemOf(get("/v1/units/all"))).toMatchObject({ status: 400, code: "request-invalid" });
  });

  test("one unit is answered with its processes, and the list without", async () => {
    const { desk, get } = setUp();
    const processes = [{ pid: 42, ppid: 1, command: "bun", tasks: 1, memory_bytes: 1, cpu_seconds: 0 }];
    desk.inspect = (name) => makeUnit(name, { instances: [makeInstance(`${name}@1`, { processes })] });
    expect(await (await get("/v1/units/api")).json()).toMatchObject({ instances: [{ processes }] });
    expect(await (await get("/v1/status")).text()).not.toContain("processes");
  });

  test("what a unit's file says is served, of its environment only the names", async () => {
    const { desk, get } = setUp();
    const service = { environment: { TOKEN: "hunter2", PORT: "8080" }, loadCredential: { dbKey: "/etc/keys/db" } };
    desk.files.set("api", makeFile("api", { service }));
    const response = await get("/v1/units/api/unit");
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(text).not.toContain("hunter2");
    expect(JSON.parse(text)).toMatchObject({
      name: "api",
      service: { environment: ["PORT", "TOKEN"], load_credential: { dbKey: "/etc/keys/db" }, restart_ms: 100 },
    });
    expect(await problemOf(get("/v1/units/apy/unit"))).toMatchObject({ status: 404, code: "unit-unknown" });
  });

  test("routes of later versions do not exist yet", async () => {
    const { get } = setUp();
    expect(await problemOf(get("/v1/units/api/rollback"))).toMatchObject({ status: 404 });
  });
});

describe("orders", () => {
  test.each([
    [{ instances: 3 }, { count: 3, relative: false }],
    [{ by: -1 }, { count: -1, relative: true }],
  ])("scale takes %p", async (body, wanted) => {
    const { desk, post } = setUp();
    expect((await post("/v1/units/api/scale", JSON.stringify(body))).status).toBe(202);
    expect(desk.orders).toEqual([{ tag: "scale", units: ["api"], ...wanted }]);
  });

  test("scale takes one of a number and a difference, and not both", async () => {
    const { post } = setUp();
    for (const body of [{}, { instances: 1, by: 1 }, { instances: 0 }]) {
      expect(await problemOf(post("/v1/units/api/scale", JSON.stringify(body)))).toMatchObject({ status: 400 });
    }
  });

  test("without ?wait an order is accepted at once, however long it takes", async () => {
    const { desk, post } = setUp();
    desk.verdicts = "never";
    const response = await within(post("/v1/units/api/start"), 1000, "202");
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ accepted: true });
    expect(desk.orders).toEqual([{ tag: "start", units: ["api"] }]);
  });

  test("with ?wait the verdicts are the answer", async () => {
    const { desk, post } = setUp();
    const verdicts = [makeVerdict("api", "failed", "start api: failed", ["last words"])];
    desk.verdicts = verdicts;
    const response = await post("/v1/units/api/start?wait=30s");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ verdicts });
  });

  test("at the limit of ?wait every unit is timed-out, and says where it stands", async () => {
    const { desk, post } = setUp();
    desk.verdicts = "never";
    const response = await within(post("/v1/units/api,redis/stop?wait=10ms"), 2000, "an answer at the limit");
    const { verdicts } = (await response.json()) as { verdicts: { unit: string; result: string; message: string }[] };
    expect(verdicts.map(({ unit, result }) => [unit, result])).toEqual([
      ["api", "timed-out"],
      ["redis", "timed-out"],
    ]);
    expect(verdicts[0]?.message).toBe("stop api: not settled within 0.01s, now active (running)");
  });

  test("a slow order does not block another request", async () => {
    const { desk, get, post } = setUp();
    desk.verdicts = "never";
    const slow = post("/v1/units/api/restart?wait=200ms");
    expect((await within(get("/v1/status"), 150, "status beside a slow order")).status).toBe(200);
    expect((await slow).status).toBe(200);
  });

  test.each([
    ["/v1/units/api@2/reload", undefined, { tag: "reload", units: ["api@2"] }],
    ["/v1/units/work*,redis/restart", "{}", { tag: "restart", units: ["worker", "redis"] }],
    ["/v1/units/all/reset-failed", "", { tag: "reset-failed", units: ["api", "worker", "redis"] }],
    ["/v1/units/redis/stop", '{"cascade":true}', { tag: "stop", units: ["redis"], cascade: true }],
    ["/v1/units/redis/stop", undefined, { tag: "stop", units: ["redis"], cascade: false }],
    ["/v1/units/api/signal", '{"signal":"hup"}', { tag: "signal", units: ["api"], signal: "SIGHUP" }],
    ["/v1/reload", undefined, { tag: "reload", units: null }],
    ["/v1/stop", undefined, { tag: "stop", units: null, cascade: true }],
  ])("POST %s %p is the order %p", async (path, body, order) => {
    const { desk, post } = setUp();
    expect((await post(path, body)).status).toBe(202);
    expect(desk.orders).toEqual([order as never]);
  });

  test.each([
    ["/v1/units/api/start", '{"unit":"x"}', "Unrecognized key"],
    ["/v1/units/api/start", "{", "not JSON"],
    ["/v1/units/api/stop", '{"cascade":1}', "body.cascade"],
    ["/v1/units/api/signal", undefined, "body.signal"],
    ["/v1/units/api/signal", '{"signal":"SIGFOO"}', "SIGFOO"],
    ["/v1/units/api/start?wait=soon", undefined, "soon"],
    ["/v1/units/api/start?wait=61min", undefined, "1h"],
    ["/v1/units/api/start?wait=infinity", undefined, "1h"],
  ])("POST %s %p is refused, and names what is wrong", async (path, body, detail) => {
    const { desk, post } = setUp();
    const problem = await problemOf(post(path, body));
    expect(problem).toMatchObject({ status: 400, code: "request-invalid" });
    expect(problem.detail).toContain(detail);
    expect(desk.orders).toEqual([]);
  });

  test("a body over 64 KiB is refused unread", async () => {
    const { post } = setUp();
    expect(await problemOf(post("/v1/units/api/stop", " ".repeat(64 * 1024 + 1)))).toMatchObject({ status: 413 });
    expect((await post("/v1/units/api/stop", " ".repeat(64 * 1024))).status).toBe(202);
  });

  const statusByCode: Record<FaultCode, number> = {
    "unit-invalid": 422,
    "unit-unknown": 404,
    "unit-required": 409,
    "dependency-cycle": 422,
    "placeholder-missing": 422,
    "listener-busy": 409,
    "listener-failed": 500,
    "spawn-failed": 500,
    "credential-failed": 500,
    "handover-kept-old": 409,
    "start-failed": 500,
    "timed-out": 504,
    "request-invalid": 400,
    "shutting-down": 503,
    "release-unknown": 404,
    "release-bad": 409,
    "release-busy": 409,
    "not-supported": 501,
  };
  test.each(Object.entries(statusByCode))("the fault %s is answered with %p", async (code, status) => {
    const { desk, post } = setUp();
    desk.refusal = { code: code as FaultCode, message: "api: no", retry: "never", unit: "api" };
    const problem = await problemOf(post("/v1/units/api/stop"));
    expect(problem).toMatchObject({ status, code, detail: "api: no", faults: [desk.refusal] });
  });
});

describe("bugs and strangers", () => {
  test("a bug is reported to the daemon and tells the client nothing", async () => {
    const bugs: unknown[] = [];
    const { desk, get } = setUp({ onBug: (error) => bugs.push(error) });
    desk.status = () => {
      throw new Error("secret path /etc/keys");
    };
    const response = await get("/v1/status");
    const text = await response.text();
    expect(response.status).toBe(500);
    expect(text).toContain('"code":"internal"');
    expect(text).not.toContain("secret");
    expect(bugs).toHaveLength(1);
  });

  test("an order that ends in a bug is reported although nobody waits for it", async () => {
    const seen = Promise.withResolvers<unknown>();
    const { desk, post } = setUp({ onBug: seen.resolve });
    desk.order = () => ({ ok: true, value: Promise.reject(new Error("bug")) });
    expect((await post("/v1/units/api/start")).status).toBe(202);
    expect(String(await within(seen.promise, 1000, "the report"))).toContain("bug");
  });

  test("with a token everything but /healthz asks for it", async () => {
    const { get } = setUp({ token: "s3cret" });
    expect((await get("/healthz")).status).toBe(200);
    for (const path of ["/metrics", "/v1/status", "/v1/openapi.json", "/v1/events", "/nowhere"]) {
      expect(await problemOf(get(path))).toMatchObject({ status: 401 });
      expect(await problemOf(get(path, { authorization: "Bearer wrong" }))).toMatchObject({ status: 401 });
    }
    expect((await get("/v1/status", { authorization: "bearer s3cret" })).status).toBe(200);
  });
});
