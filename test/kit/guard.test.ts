import { expect, test } from "bun:test";
import { guard } from "../../services/kit/guard.ts";

const request = new Request("http://test/");

test("before the drain a response is passed on as it is", async () => {
  const response = new Response("a");
  expect(guard({ fetch: () => response }).fetch(request, null)).toBe(response);
  expect((await guard({ fetch: async () => response }).fetch(request, null)).headers.has("connection")).toBe(false);
});

test("while draining every response says close, at once or later", async () => {
  for (const fetch of [() => new Response("a"), async () => new Response("a")]) {
    const guarded = guard({ fetch });
    guarded.startClosing();
    expect((await guarded.fetch(request, null)).headers.get("connection")).toBe("close");
  }
});

test("a response that was being made when the drain began says close", async () => {
  const made = Promise.withResolvers<Response>();
  const guarded = guard({ fetch: () => made.promise });
  const answer = guarded.fetch(request, null);
  guarded.startClosing();
  made.resolve(new Response("a"));
  expect((await answer).headers.get("connection")).toBe("close");
});

test("headers that cannot be changed are copied, with status and body", async () => {
  const frozen = Response.redirect("http://elsewhere/");
  Object.defineProperty(frozen.headers, "set", {
    value: () => {
      throw new TypeError("immutable");
    },
  });
  const guarded = guard({ fetch: () => frozen });
  guarded.startClosing();
  const response = await guarded.fetch(request, null);
  expect(response.status).toBe(302);
  expect(response.headers.get("location")).toBe("http://elsewhere/");
  expect(response.headers.get("connection")).toBe("close");
});

test("an upgraded connection is left alone", () => {
  const upgraded = guard({ fetch: () => undefined as unknown as Response });
  upgraded.startClosing();
  expect(upgraded.fetch(request, null)).toBeUndefined();
});

test("what the runtime passes beside the request reaches the app and the one who closes", () => {
  const env = { of: "the runtime" };
  const heard: unknown[] = [];
  const hear = (_request: Request, passed: unknown): Response => {
    heard.push(passed);
    return new Response("a");
  };
  const guarded = guard({ fetch: hear }, hear);
  guarded.startClosing();
  guarded.fetch(request, env);
  expect(heard).toEqual([env, env]);
});
