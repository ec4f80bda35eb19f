import { expect, test } from "bun:test";
import { createControl } from "../../supervisor/control/routes.ts";
import type { LogQuery } from "../../supervisor/unit/log-query.ts";
import { FakeDesk } from "./fixtures/fake-desk.ts";
import { fakeOptions, printed } from "./fixtures/serve.ts";

function setUp() {
  const asked: LogQuery[] = [];
  const logs = async function* (query: LogQuery) {
    asked.push(query);
    yield [printed("api", "one"), printed("redis", "two", { stamp: "12:00 " })];
    if (query.follow) yield [];
    yield [printed("api", "three", { timeMs: null, instance: null, stream: null, pid: null, invocation: null })];
  };
  const app = createControl(new FakeDesk(), fakeOptions({ logs, closing: AbortSignal.timeout(10_000) }));
  const get = (path: string) => app.request(path);
  return { asked, get, text: async (path: string) => (await get(path)).text() };
}

const plain = { lines: 10, follow: false, sinceMs: null, untilMs: null, stream: null };
const api = { unit: "api", file: "/logs/api.log", instances: null };

test.each<[string, Partial<LogQuery>]>([
  ["/v1/units/api/logs", {}],
  ["/v1/units/api/logs?lines=all&follow=1", { lines: Number.POSITIVE_INFINITY, follow: true }],
  ["/v1/units/api@2/logs?lines=3", { lines: 3, sources: [{ ...api, instances: [2] }] }],
  ["/v1/logs?unit=api&stream=stderr", { stream: "stderr" }],
  ["/v1/logs?unit=api&since=2026-01-06T10:00:00Z", { lines: Number.POSITIVE_INFINITY, sinceMs: 1_767_693_600_000 }],
  ["/v1/logs?unit=api&lines=7&until=@5", { lines: 7, untilMs: 5000 }],
  ["/v1/logs?unit=api@1&unit=api@3", { sources: [{ ...api, instances: [1, 3] }] }],
  ["/v1/logs?unit=api@1&unit=api", {}],
])("%s asks for what it says", async (path, wanted) => {
  const { asked, text } = setUp();
  await text(path);
  expect(asked).toEqual([{ sources: [api], ...plain, ...wanted }]);
});

test("without a unit all of them are asked", async () => {
  const { asked, text } = setUp();
  await text("/v1/logs");
  expect(asked[0]?.sources.map(({ unit }) => unit)).toEqual(["api", "worker", "redis"]);
});

test("text is what the files hold", async () => {
  const { get } = setUp();
  const response = await get("/v1/logs?follow=1");
  expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  expect(await response.text()).toBe("one\n12:00 two\nthree\n");
});

test("JSON is an object a line, and an empty one tells where the past ends", async () => {
  const { get } = setUp();
  const response = await get("/v1/logs?output=json&follow=1");
  expect(response.headers.get("content-type")).toBe("application/x-ndjson");
  const lines = (await response.text()).split("\n").map((line) => (line === "" ? null : JSON.parse(line)));
  const writer = { instance: 1, stream: "stdout", pid: 42, invocation_id: "0123456789abcdef0123456789abcdef" };
  const known = { time: "2026-01-06T10:11:12.345Z", ...writer, generation: 3 };
  const unknown = { time: null, instance: null, stream: null, pid: null, invocation_id: null };
  expect(lines).toEqual([
    { ...known, unit: "api", text: "one" },
    { ...known, unit: "redis", stamp: "12:00 ", text: "two" },
    null,
    { ...known, ...unknown, unit: "api", text: "three" },
    null,
  ]);
});

test.each([
  ["lines=x", "lines: must be a whole number of 0 or more, or all, got 'x'"],
  ["since=soon", "since: must be a time such as '2026-11-21 10:00:00' or '10min ago', got 'soon'"],
  ["stream=stdin", "stream: must be stdout or stderr, got 'stdin'"],
  ["output=xml", "output: must be raw or json, got 'xml'"],
  ["follow=1&until=now", "until: what is followed has no end"],
])("?%s is refused", async (query, detail) => {
  const { asked, get } = setUp();
  for (const path of ["/v1/units/api/logs", "/v1/logs"]) {
    const response = await get(`${path}?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "request-invalid", detail });
  }
  expect(asked).toEqual([]);
});

test("a unit that is not there is unknown, and one route answers for one unit", async () => {
  const { get } = setUp();
  expect((await get("/v1/logs?unit=apy")).status).toBe(404);
  expect((await get("/v1/units/all/logs")).status).toBe(400);
});
