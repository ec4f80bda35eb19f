import { describe, expect, test } from "bun:test";
import { type ControlOptions, createControl } from "../../supervisor/control/routes.ts";
import { eventually } from "../support/eventually.ts";
import { within } from "../support/within.ts";
import { FakeDesk } from "./fixtures/fake-desk.ts";
import { fakeOptions, printed } from "./fixtures/serve.ts";

function setUp(changes: Partial<ControlOptions> = {}) {
  const desk = new FakeDesk();
  const closing = new AbortController();
  const app = createControl(desk, fakeOptions({ closing: closing.signal, ...changes }));
  return { desk, closing, get: (path: string, headers = {}) => app.request(path, { headers }) };
}

/** Reads a stream piece by piece, each within a second. */
function readerOf(response: Response) {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const next = async () => {
    const { done, value } = await within(reader.read(), 1000, "the next piece");
    return done ? null : new TextDecoder().decode(value);
  };
  return { next, cancel: () => reader.cancel() };
}

describe("events", () => {
  test("what happened comes first, then what happens, each with its number", async () => {
    const { desk, closing, get } = setUp();
    desk.happen({ unit: "api", event: "service.active" });
    const stream = readerOf(await get("/v1/events"));
    expect(await stream.next()).toBe("retry: 1000\n\n");
    expect(await stream.next()).toStartWith("id: 1\nevent: service.active\ndata: {");
    desk.happen({ unit: "api", event: "service.failed" });
    expect(await stream.next()).toStartWith("id: 2\nevent: service.failed\ndata: {");
    closing.abort();
    expect(await stream.next()).toBeNull();
  });

  test("Last-Event-ID outranks ?after, and nothing is told twice", async () => {
    const { desk, closing, get } = setUp();
    for (let count = 0; count < 3; count++) desk.happen({});
    for (const [path, headers, first] of [
      ["/v1/events?after=1", {}, "id: 2\n"],
      ["/v1/events?after=1", { "last-event-id": "2" }, "id: 3\n"],
    ] as const) {
      const stream = readerOf(await get(path, headers));
      await stream.next();
      expect(await stream.next()).toStartWith(first);
      await stream.cancel();
    }
    closing.abort();
  });

  test("?follow=0 ends with the last one that is kept", async () => {
    const { desk, closing, get } = setUp();
    for (let count = 0; count < 3; count++) desk.happen({});
    const text = await within((await get("/v1/events?follow=0")).text(), 1000, "the end");
    expect(text.match(/^id: /gm)).toHaveLength(3);
    closing.abort();
  });

  test("a client that leaves is forgotten", async () => {
    const { desk, closing, get } = setUp();
    const stream = readerOf(await get("/v1/events"));
    await stream.next();
    const pending = stream.next();
    await eventually(() => desk.listening === 2, 1000, "the stream and the metrics listen");
    await stream.cancel();
    await pending;
    await eventually(() => desk.listening === 1, 1000, "only the metrics listen");
    closing.abort();
    await eventually(() => desk.listening === 0, 1000, "nobody listens");
  });

  test("a number that is none is refused", async () => {
    const { get } = setUp();
    for (const path of ["/v1/events?after=-1", "/v1/events?after=x", "/v1/units/api/logs?lines=1.5"]) {
      expect((await get(path)).status).toBe(400);
    }
  });
});

describe("logs", () => {
  test("the unit's file is read, 10 lines unless told", async () => {
    const { get } = setUp();
    expect(await (await get("/v1/units/api/logs")).text()).toBe("/logs/api.log 10 lines\n");
    expect(await (await get("/v1/units/api@2/logs?lines=3")).text()).toBe("/logs/api.log 3 lines\n");
  });

  test("following ends when the control plane closes", async () => {
    const { closing, get } = setUp();
    const stream = readerOf(await get("/v1/units/api/logs?follow=1"));
    expect(await stream.next()).toBe("/logs/api.log 10 lines\n");
    expect(await stream.next()).toBe("followed\n");
    closing.abort();
    expect(await stream.next()).toBeNull();
  });

  test("a source is pulled only as fast as it is read", async () => {
    let made = 0;
    const logs = async function* () {
      for (;;) {
        made++;
        yield [printed("api", "x")];
      }
    };
    const { get } = setUp({ logs });
    const stream = readerOf(await get("/v1/units/api/logs?follow=1"));
    for (let count = 0; count < 5; count++) await stream.next();
    expect(made).toBeLessThan(10);
    await stream.cancel();
  });

  test("a source that breaks ends the stream and is reported", async () => {
    const bugs: unknown[] = [];
    const logs = async function* () {
      yield [printed("api", "x")];
      throw new Error("broken");
    };
    const { get } = setUp({ logs, onBug: (error) => bugs.push(error) });
    expect(await (await get("/v1/units/api/logs")).text()).toBe("x\n");
    expect(bugs.map(String)).toEqual(["Error: broken"]);
  });
});
