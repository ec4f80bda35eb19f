import { expect, test } from "bun:test";
import { guard } from "../../services/kit/guard.ts";

const request = new Request("http://test/");

test("before the drain a response is passed on as it is", async () => {
  const response = new Response("a");
  expect(guard({ fetch: () => response }).fetch(request, null)).toBe(response);
  expect((await guard({ fetch: async () => response }).fetch(request, null)).headers.has("connection")).toBe(false);
});

test("C13: while draining every response says close, at once or later", async () => {
  for (const fetch of [() => new Response("a"), async () => new Response("a")]) {
    const guarded = guard({ fetch });
    guarded.startClosing(0);
    expect((await guarded.fetch(request, null)).headers.get("connection")).toBe("close");
  }
});

test("a response that was being made when the drain began says close", async () => {
  const made = Promise.withResolvers<Response>();
  const guarded = guard({ fetch: () => made.promise });
  const answer = guarded.fetch(request, null);
  guarded.startClosing(0);
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
  guarded.startClosing(0);
  const response = await guarded.fetch(request, null);
  expect(response.status).toBe(302);
  expect(response.headers.get("location")).toBe("http://elsewhere/");
  expect(response.headers.get("connection")).toBe("close");
});

test("an upgraded connection is left alone", () => {
  const upgraded = guard({ fetch: () => undefined as unknown as Response });
  upgraded.startClosing(0);
  expect(upgraded.fetch(request, null)).toBeUndefined();
});

test("what the runtime passes beside the request reaches the app and the one who closes", () => {
  const env = { of: "the runtime" };
  const heard: unknown[] = [];
  const hear = (_request: Request, passed: unknown): Response => {
    heard.push(passed);
    return new Response("a");
  };
  const guarded = guard({ fetch: hear }, { onDraining: hear });
  guarded.startClosing(0);
  guarded.fetch(request, env);
  expect(heard).toEqual([env, env]);
});

/** An upload of so many bytes in `content-length`, of which so many come. */
function upload(announced: number, sent = announced): Request {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new Uint8Array(sent));
      if (sent === announced) controller.close();
    },
  });
  return new Request("http://test/", { method: "POST", headers: { "content-length": String(announced) }, body });
}

test("C4: an answer to an upload that was not read says close when the rest could be read away, or the server does so", async () => {
  const told: boolean[] = [];
  const edge = { onDraining: (_request: Request, _env: unknown, saysClose: boolean) => void told.push(saysClose) };
  const read = upload(9);
  await read.text();
  for (const [request, discards, saysClose] of [
    [upload(9), false, true],
    [upload(9, 5), false, false],
    [upload(9, 5), true, true],
    [upload(1_000_000, 5), false, false],
    [read, false, true],
  ] as const) {
    const guarded = guard({ fetch: () => new Response("a") }, { ...edge, discards });
    guarded.startClosing(0);
    const { headers } = await guarded.fetch(request, null);
    expect(headers.get("connection")).toBe(saysClose ? "close" : null);
    expect(told.pop()).toBe(saysClose);
  }
});

test("C10: a response does not say close while requests that came behind it wait", async () => {
  let hasMore = true;
  const guarded = guard({ fetch: () => new Response("a") }, { hasMore: () => hasMore });
  guarded.startClosing(0);
  expect((await guarded.fetch(request, null)).headers.has("connection")).toBe(false);
  hasMore = false;
  expect((await guarded.fetch(request, null)).headers.get("connection")).toBe("close");
});

test("C5: in a drain nobody waits for what the server ends by itself", () => {
  const never = new Promise<Response>(() => {});
  const guarded = guard({ fetch: () => never }, { counts: true, isApart: () => true });
  guarded.fetch(request, null);
  expect(guarded.pending).toBe(1);
  guarded.startClosing(0);
  guarded.fetch(request, null);
  expect(guarded.pending).toBe(1);
});
